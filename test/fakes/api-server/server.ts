import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../../src/base/index.ts';
import { formatJson, parseJson } from '../../../src/model/index.ts';
import { admitCustom, type Definition, definitions } from './definitions.ts';
import { discovered } from './discovery.ts';
import { Listings } from './listings.ts';
import { Objects, type Place, type StoredObject } from './objects.ts';
import { Refusal, UnknownPath } from './refusal.ts';
import { tableOf } from './table.ts';
import { isSelected, type Target, targetOf } from './target.ts';
import { admitByPolicy, isDryRun } from './write-rules.ts';

const administrators = ['adminnetworkpolicies', 'baselineadminnetworkpolicies', 'clusternetworkpolicies'];

export interface ApiServerOptions {
  readonly token?: string;
  /** The address to listen on. */
  readonly host?: string;
  /** By which watches end. */
  readonly clock?: Clock;
  /** PEM; without it, plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/**
 * A small API server: create, get, list with limit, labels and fields, watch with bookmarks, update, merge patch
 * (also of /status) and delete with preconditions, of any resource that a path names; writes also with dryRun. Custom
 * resources are held to their definitions in `deploy/crds`. kubectl finds what it asks for before it begins, and its tables.
 */
export class ApiServer {
  readonly objects = new Objects((place, object, before) => {
    admitByPolicy(place, this.denies?.(object as unknown as StoredObject));
    return admitCustom(place, object, before);
  });
  /** A policy of the cluster's own: why this object isn't admitted. */
  denies: ((object: StoredObject) => string | undefined) | undefined;
  /** Requests are refused with this HTTP status while it is set. */
  refuseWith: number | undefined;
  /** So many requests to come are one too many: they are to be made again a second later. */
  tooMany = 0;
  /** Resources whose definitions nobody has applied, such as those of administrators' policies in most clusters. */
  readonly unknown = new Set(administrators.map((plural) => `${plural}.policy.networking.k8s.io`));
  /** Resources that this client may not see. */
  readonly forbidden = new Set<string>();
  /** Connections are taken and nothing is answered, as at a service address before kube-proxy knows it. */
  isHanging = false;
  /** `METHOD path`, of each request; watches as `WATCH path`. */
  readonly requests: string[] = [];
  /** What containers have said, by `NAMESPACE/POD`. */
  readonly logs = new Map<string, string>();
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  /** What a client must bear, if anything. */
  token: string | undefined;
  readonly #open = new Set<() => void>();
  readonly #listings = new Listings();
  readonly #clock: Clock;

  private constructor({ token, tls, clock = systemClock }: ApiServerOptions) {
    this.token = token;
    this.#clock = clock;
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  }

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options);
    const { host } = options;
    server.#server.listen(0, host ?? '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${this.#scheme}://${address}:${port}`;
  }

  /** Watches that are open now are neither told anything any more nor ended, as those of a revision in the future. */
  mute(): void {
    for (const silence of [...this.#open]) silence();
  }

  /** Cuts all connections, as a crash of the server does. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    this.requests.push(`${url.searchParams.get('watch') ? 'WATCH' : request.method} ${url.pathname}`);
    if (this.isHanging) return;
    try {
      if (this.tooMany > 0) {
        this.tooMany--;
        throw new Refusal(429, 'TooManyRequests', 'Too many requests, please try again later.');
      }
      if (this.refuseWith !== undefined) throw new Refusal(this.refuseWith, 'Unavailable', 'made to refuse');
      if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
        throw new Refusal(401, 'Unauthorized', 'Unauthorized');
      }
      const known = discovered(url.pathname);
      if (known !== undefined) {
        send(response, 200, known);
        return;
      }
      const log = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/.exec(url.pathname);
      if (log !== null) {
        response.end(this.logs.get(`${log[1]}/${log[2]}`) ?? '');
        return;
      }
      const target = targetOf(url.pathname);
      if (target === undefined) throw new UnknownPath();
      this.#check(target);
      const body = await bodyOf(request);
      if (request.method === 'GET' && target.name === undefined && url.searchParams.get('watch')) {
        this.#watch(target, url.searchParams, response);
      } else {
        const strategic = request.headers['content-type'] === 'application/strategic-merge-patch+json';
        const method = strategic ? 'STRATEGIC' : (request.method ?? 'GET');
        const answer = this.#answer(method, target, url.searchParams, body);
        const definition = definitions.get(target.resource);
        const asTable = request.method === 'GET' && /as=Table/.test(request.headers.accept ?? '');
        send(response, request.method === 'POST' ? 201 : 200, asTable ? tableOf(answer, definition) : answer);
      }
    } catch (error) {
      if (error instanceof UnknownPath) {
        response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
        response.end('404 page not found\n');
        return;
      }
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error));
      if (refusal.code === 429) response.setHeader('retry-after', '1');
      send(response, refusal.code, refusal.body);
    }
  }

  #check({ resource }: Target): void {
    if (this.unknown.has(resource) || !isKnown(resource)) throw new UnknownPath();
    if (!this.forbidden.has(resource)) return;
    const [plural, ...group] = resource.split('.');
    const what = `cannot list resource "${plural}" in API group "${group.join('.')}" at the cluster scope`;
    throw new Refusal(403, 'Forbidden', `${resource} is forbidden: User "vrouter" ${what}`);
  }

  #answer(method: string, { name, ...place }: Target, query: URLSearchParams, body: Record<string, unknown>): object {
    const objects = isDryRun(method, query, body) ? this.objects.rehearsal() : this.objects;
    if (name === undefined) return method === 'POST' ? objects.create(place, body) : this.#list(place, query);
    switch (method) {
      case 'PUT':
        return objects.replace(place, name, body);
      case 'PATCH':
        return objects.patch(place, name, body);
      case 'STRATEGIC':
        if (definitions.has(place.resource)) throw new Refusal(415, 'UnsupportedMediaType', 'not for custom resources');
        return objects.patch(place, name, body, 'strategic');
      case 'DELETE':
        return objects.delete(place, name, (body['preconditions'] as object | undefined) ?? {});
      default:
        return objects.get(place, name);
    }
  }

  #list(place: Place, query: URLSearchParams): object {
    const { items, ...metadata } = this.#listings.page(query, () => ({
      selected: this.objects.list(place).filter((object) => isSelected(object, query)),
      resourceVersion: this.objects.revision,
    }));
    const { apiVersion, listKind } = listNames(definitions.get(place.resource));
    return { kind: listKind, apiVersion, metadata, items };
  }

  #watch(place: Place, query: URLSearchParams, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    let at = Number(query.get('resourceVersion') ?? this.objects.revision);
    // A real one neither ends such a watch nor tells it anything until that revision has come.
    if (at > Number(this.objects.revision)) return;
    const definition = definitions.get(place.resource)?.spec;
    const of = definition && { kind: definition.names.kind, apiVersion: `${definition.group}/v1` };
    const say = (type: string, object: object): unknown => response.write(`${formatJson({ type, object })}\n`);
    const pump = (): void => {
      try {
        for (const change of this.objects.after(place, at)) {
          at = change.revision;
          if (isSelected(change.object, query)) say(change.type, change.object);
        }
      } catch (error) {
        say('ERROR', error instanceof Refusal ? error.body : { code: 500 });
        response.end();
      }
    };
    const done = this.objects.onChange(pump);
    const last = this.#clock.after(Number(query.get('timeoutSeconds') ?? 1800) * 1000, () => {
      const resourceVersion = this.objects.revision;
      if (query.get('allowWatchBookmarks'))
        say('BOOKMARK', { ...of, metadata: { resourceVersion, creationTimestamp: null } });
      response.end();
    });
    const silence = (): void => {
      done();
      last();
      this.#open.delete(silence);
    };
    this.#open.add(silence);
    response.once('close', silence);
    pump();
  }
}

/** Groups that every cluster has, as far as anybody asks for them here. */
const GROUPS = ['', 'apps', 'networking.k8s.io', 'policy.networking.k8s.io', 'discovery.k8s.io'];

/** Of our own group there is what the definitions define. */
function isKnown(resource: string): boolean {
  const [, ...group] = resource.split('.');
  return definitions.has(resource) || GROUPS.includes(group.join('.'));
}

function send(response: ServerResponse, code: number, answer: object): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(formatJson(answer));
}

function listNames(definition: Definition | undefined): { readonly apiVersion: string; readonly listKind: string } {
  if (definition === undefined) return { apiVersion: 'v1', listKind: 'List' };
  return { apiVersion: `${definition.spec.group}/v1`, listKind: definition.spec.names.listKind };
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text === '' ? {} : (parseJson(text) as Record<string, unknown>);
}
