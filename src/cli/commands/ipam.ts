import { Command } from 'commander';
import type { Io } from '../io.ts';
import { checkCommand } from './ipam/check.ts';
import { configureCommand } from './ipam/configure.ts';
import { releaseCommand } from './ipam/release.ts';
import { showCommand } from './ipam/show.ts';
import { splitCommand } from './ipam/split.ts';
import { whoCommand } from './ipam/who.ts';

export function ipamCommand(io: Io): Command {
  const command = new Command('ipam').description('Look after the addresses that IPAM gives out.');
  for (const make of [checkCommand, releaseCommand, showCommand, configureCommand, splitCommand, whoCommand]) {
    command.addCommand(make(io));
  }
  return command;
}
