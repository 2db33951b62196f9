import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { UsageError } from '../errors.ts'

/** Asks on the terminal itself with the echo off, as ssh does, so that standard input stays free. */
export function askOnTerminal(prompt: string): string {
  let terminal: number
  try {
    terminal = openSync('/dev/tty', 'r+')
  } catch (cause) {
    throw new UsageError(`There is no terminal to ask "${prompt.trim()}" on`, {
      hint: 'Give it as a variable in the vault, or a file with the vault password',
      cause,
    })
  }
  const echo = (mode: 'echo' | '-echo') => spawnSync('stty', [mode], { stdio: [terminal, 'ignore', 'ignore'] })
  try {
    writeSync(terminal, prompt)
    echo('-echo')
    return readLine(terminal)
  } finally {
    echo('echo')
    writeSync(terminal, '\n')
    closeSync(terminal)
  }
}

function readLine(terminal: number): string {
  const bytes: number[] = []
  const byte = Buffer.alloc(1)
  while (readSync(terminal, byte, 0, 1, null) === 1 && byte[0] !== 10) bytes.push(byte[0] ?? 0)
  return Buffer.from(bytes).toString('utf8').replace(/\r$/, '')
}
