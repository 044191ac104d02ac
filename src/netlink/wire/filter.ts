import { ByteWriter } from '../../base/index.ts';
import type { MonitorOptions } from '../kernel.ts';
import { RTM_DELROUTE, RTM_NEWROUTE } from './message.ts';

// Classic BPF (include/uapi/linux/bpf_common.h): load from a fixed offset, jump if equal, return.
const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const JUMP_EQUAL = 0x15;
const JUMP = 0x05;
const RETURN = 0x06;
const ALL = 0xffff;

const TYPE_AT = 4;
const PORT_AT = 12;
const TABLE_AT = 20;
const PROTOCOL_AT = 21;
/** The value of `rtm_table` for tables beyond 255 in notifications (RT_TABLE_COMPAT). */
const TABLE_COMPAT = 252;

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

/**
 * A socket filter that drops the route notifications which `options` leave out, before they are copied to us; all
 * else passes. Loads are in network order and netlink is in host order, so constants are turned round.
 */
export function encodeMonitorFilter(options: MonitorOptions, ownPort: number): Uint8Array | undefined {
  const { ignoreOwnRoutes = false, routeProtocols, routeTables } = options;
  if (!ignoreOwnRoutes && routeProtocols === undefined && routeTables === undefined) return undefined;
  const program: Instruction[] = [
    [LOAD_HALF, 0, 0, TYPE_AT],
    [JUMP_EQUAL, 2, 0, swap16(RTM_NEWROUTE)],
    [JUMP_EQUAL, 1, 0, swap16(RTM_DELROUTE)],
    [RETURN, 0, 0, ALL],
  ];
  if (ignoreOwnRoutes) {
    program.push([LOAD_WORD, 0, 0, PORT_AT], [JUMP_EQUAL, 0, 1, swap32(ownPort)], [RETURN, 0, 0, 0]);
  }
  if (routeProtocols !== undefined) program.push(...oneOf(PROTOCOL_AT, routeProtocols));
  if (routeTables !== undefined)
    program.push(
      ...oneOf(
        TABLE_AT,
        routeTables.map((table) => (table < 256 ? table : TABLE_COMPAT)),
      ),
    );
  program.push([RETURN, 0, 0, ALL]);
  const writer = new ByteWriter(program.length * 8, true);
  for (const [code, whenTrue, whenFalse, operand] of program) writer.u16(code).u8(whenTrue).u8(whenFalse).u32(operand);
  return writer.finish();
}

/** Goes on behind itself when the byte is one of the values, drops the message otherwise. */
function oneOf(at: number, values: readonly number[]): Instruction[] {
  // Each test either jumps to the unconditional jump over the drop, by way of what is left of the list, or falls on.
  return [
    [LOAD_BYTE, 0, 0, at],
    ...values.map((value, index): Instruction => [JUMP_EQUAL, values.length - index, 0, value]),
    [RETURN, 0, 0, 0],
    [JUMP, 0, 0, 0],
  ];
}

function swap16(value: number): number {
  return ((value & 255) << 8) | (value >>> 8);
}

function swap32(value: number): number {
  return ((swap16(value & 0xffff) << 16) | swap16(value >>> 16)) >>> 0;
}
