import { type Entries, same } from '../base/index.ts';
import type { Node } from '../model/index.ts';
import { type AnsweringNode, isExcluded, leftTo } from './answering-nodes.ts';
import { type Cell, cell, keeping } from './cell.ts';
import type {
  Announcement,
  DesiredPool,
  DesiredReachability,
  DesiredWorkload,
  ProxiedAddress,
} from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import type { Configurations } from './node-bgp.ts';
import { AnsweredAddresses, answeredRanges } from './reachability.ts';
import { type AdvertisedAddress, advertisedAddresses } from './service-advertising.ts';
import { ServiceOwners } from './service-owners.ts';
import { serviceRanges, wholeRanges } from './service-ranges.ts';
import { ServiceRoutes } from './service-routes.ts';
import type { Sources } from './sources.ts';

interface ServiceInputs {
  readonly self: Cell<Node | undefined>;
  readonly answering: Cell<Entries<AnsweringNode>>;
  readonly configurations: Cell<Configurations>;
  readonly felix: Cell<FelixSettings>;
  readonly pools: Cell<readonly DesiredPool[]>;
  readonly workloads: Cell<readonly DesiredWorkload[]>;
  /** The addresses that this node answers for as a gateway. */
  readonly gateways: Cell<readonly ProxiedAddress[]>;
}

/** The consequences of Services: announcements by BGP, and addresses answered for on the node's own subnets. */
export interface ServiceCells {
  readonly whole: Cell<readonly Announcement[]>;
  readonly ofServices: Cell<Entries<Announcement>>;
  readonly reachability: Cell<DesiredReachability | undefined>;
  /** The addresses of Services with what becomes of them here: for people, and worked out when somebody asks. */
  readonly advertised: () => readonly AdvertisedAddress[];
  /** Whether any Service is of interest as of the last look. */
  isAsked(): boolean;
  /** Whether it matters what is behind the Service, as of the last look. */
  heeds(service: string): boolean;
}

export function serviceCells(sources: Sources, nodename: string, given: ServiceInputs): ServiceCells {
  const { self, answering, configurations, felix, pools, workloads, gateways } = given;
  const [services, slices] = [sources.of('KubernetesService'), sources.of('KubernetesEndpointSlice')];
  const routes = new ServiceRoutes(nodename);
  const ranges = cell([self, configurations], serviceRanges, same);
  const owners = new ServiceOwners(nodename);
  const others = cell([self, answering], leftTo, same);
  const answered = cell([felix, pools, configurations], answeredRanges, same);
  const owned = cell([services, slices, answered, answering], keeping(owners));
  const whole = cell([ranges, others], wholeRanges, same);
  const ofServices = cell([services, slices, ranges, others], keeping(routes));
  return {
    whole,
    ofServices,
    advertised: () => {
      ofServices();
      return advertisedAddresses({
        ...{ services: services(), ranges: ranges(), whole: whole(), isExcluded: isExcluded(self()) },
        verdictOf: (key, service) => routes.verdictOf(key, service),
      });
    },
    reachability: cell([felix, owned, workloads, pools, gateways], keeping(new AnsweredAddresses())),
    isAsked: () => routes.isAsked || owners.isAsked,
    heeds: (service) => routes.heeds(service) || owners.heeds(service),
  };
}
