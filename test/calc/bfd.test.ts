import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { node, put } from './resources.ts';

function bgpOf(...updates: readonly SourceUpdate[]) {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([node('a', '10.0.0.1'), ...updates]);
  return calculation.desired().bgp;
}

const tor = (mode: 'None' | 'BFD' | 'BFDIfDirectlyConnected', other: object = {}): SourceUpdate =>
  put('BGPPeer', 'tor', { peerIP: '10.0.0.9', asNumber: 65001, failureDetectionMode: mode, ...other });
const watching = (name: string, spec: object): SourceUpdate => put('BFDConfiguration', name, spec);

t.test('a peer is watched as its BGPPeer says, at both ends of one between nodes', async (t) => {
  const detection = (...updates: readonly SourceUpdate[]) =>
    bgpOf(...updates)?.peers.map(({ failureDetection }) => failureDetection);
  t.same(detection(tor('BFDIfDirectlyConnected')), ['direct']);
  t.same(detection(tor('BFD')), ['any']);
  t.same(detection(tor('None')), [undefined]);
  const other = put('BGPPeer', 'tor', { node: 'b', peerIP: '10.0.0.1', failureDetectionMode: 'BFD' });
  const mesh = put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
  t.same(detection(node('b', '10.0.0.2'), other, mesh), ['any'], 'the mirror of another node’s');
});

t.test('what BFDConfigurations say, by their names, with the defaults of Calico Enterprise', async (t) => {
  const second = { interfaces: [{ matchPattern: '*' }] };
  const first = {
    nodeSelector: 'all()',
    interfaces: [
      {
        matchPattern: 'eth*',
        ...{ minimumRecvInterval: '20ms', minimumSendInterval: '1500us', idleSendInterval: '2s', multiplier: 3 },
      },
    ],
  };
  const elsewhere = { nodeSelector: 'rack == "9"', interfaces: [{ matchPattern: 'lo' }] };
  t.same(bgpOf(watching('b', second), watching('a', first), watching('0', elsewhere))?.bfd, [
    { pattern: 'eth*', receiveInterval: 20, sendInterval: 1.5, idleInterval: 2000, multiplier: 3 },
    { pattern: '*', receiveInterval: 10, sendInterval: 100, idleInterval: 60_000, multiplier: 5 },
  ]);
  t.equal(bgpOf()?.bfd, undefined);
});

t.test('a peer that is to be watched where nothing says how is a problem', async (t) => {
  const why = 'BGPPeer tor: failureDetectionMode has no effect: no BFDConfiguration is for this node';
  const any = watching('a', { interfaces: [{ matchPattern: '*' }] });
  t.same(bgpOf(tor('BFD'))?.problems, [why]);
  t.same(bgpOf(tor('BFD'), any)?.problems, []);
  t.same(bgpOf(tor('None'))?.problems, []);
  t.same(bgpOf(tor('BFD', { node: 'b' }))?.problems, [], 'of other nodes');
});
