import { InvalidArgumentError, Option, type Command } from 'commander'

/** What every command with an inventory takes. */
export function inventoryOptions(command: Command): Command {
  return sourceOptions(command).option('-l, --limit <pattern>', 'only these hosts')
}

/** Where hosts and variables come from, and what opens them. */
export function sourceOptions(command: Command): Command {
  return command
    .option('-i, --inventory <source>', 'inventory file, folder or "host," list; can be given again', collect, [])
    .option('-e, --extra-vars <vars>', 'variables: key=value, JSON, YAML or @file', collect, [])
    .option('--vault-password-file <file>', 'file with the vault password', collect, [])
    .option('--vault-id <id>', 'vault identity: label@file or label@prompt', collect, [])
    .option('-J, --ask-vault-pass', 'ask for the vault password')
}

/** How hosts are reached. */
export function connectionOptions(command: Command): Command {
  return command
    .option('-u, --user <user>', 'log in as this user')
    .option('--private-key <file>', 'log in with this key')
    .option('-k, --ask-pass', 'ask for the login password')
    .option('-b, --become', 'become another user on the hosts')
    .option('--become-user <user>', 'whom to become (root)')
    .addOption(new Option('--become-method <method>', 'how').choices(['sudo', 'su']))
    .option('-K, --ask-become-pass', 'ask for the password of sudo or su')
    .option('--ssh-common-args <args>', 'arguments as of ssh: -o ProxyJump=…')
    .option('-F, --ssh-config <file>', 'use this file instead of ~/.ssh/config')
    .option('--accept-new-host-keys', "add unknown host keys to known_hosts (OpenSSH's accept-new)")
    .option('-T, --timeout <seconds>', 'seconds for connecting', positiveNumber, 10)
    .option('-f, --forks <n>', 'hosts worked on at the same time', wholeNumber, 50)
}

/** What is shown. */
export function outputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--output <format>', 'how to report').choices(['auto', 'live', 'plain', 'json']).default('auto'),
    )
    .option('-v, --verbose', 'tell more; can be given again', (_: string, before: number) => before + 1, 0)
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** For an option that takes a list, and can be given again. */
export function collectWords(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(',').map((word) => word.trim())]
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
