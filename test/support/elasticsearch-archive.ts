import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Module, Values } from '../../src/modules/module.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { elasticsearchDistribution, type ElasticsearchVersion } from './elasticsearch-distribution.ts'
import { LocalHost } from './local-host.ts'

/** This machine as a host with Elasticsearch unpacked from its archive, owned by an account that is not root. */
export class ArchiveHost extends LocalHost {
  /** Elasticsearch refuses to run as root. */
  readonly user = process.getuid?.() === 0 ? 'nobody' : userInfo().username
  readonly group = execFileSync('id', ['-gn', this.user], { encoding: 'utf8' }).trim()

  get home(): string {
    return this.path('elasticsearch')
  }

  get conf(): string {
    return join(this.home, 'config')
  }

  async install(version: ElasticsearchVersion, yml: string): Promise<void> {
    const { home, jdk } = await elasticsearchDistribution(version)
    execFileSync('cp', ['-r', home, this.home])
    symlinkSync(jdk, join(this.home, 'jdk'))
    mkdirSync(join(this.home, 'data'), { recursive: true })
    mkdirSync(join(this.home, 'logs'), { recursive: true })
    writeFileSync(join(this.conf, 'jvm.options.d/small.options'), '-Xms320m\n-Xmx320m\n-XX:TieredStopAtLevel=1\n')
    writeFileSync(join(this.conf, 'elasticsearch.yml'), yml)
    chmodSync(this.folder, 0o755)
    execFileSync('chown', ['-R', `${this.user}:${this.group}`, this.home])
  }

  /** Knows `{{ name }}` and `{{ name | default('') }}`. */
  override render(text: string): string {
    return text.replace(/\{\{ (\w+)(?: \| default\(''\))? \}\}/g, (_, name: string) => {
      const value = this.variables[name] as Secret | string | number | undefined
      return value instanceof Secret ? value.reveal() : String(value ?? '')
    })
  }

  /** Decides, and waits, performs or forecasts as the engine does; facts become variables. Throws what went wrong. */
  async task(module: Module, values: Values): Promise<{ kind: string; words: string; result: Values }> {
    const { decision, result } = await this.run(module, values)
    if (decision.kind === 'wait') {
      const deadline = Date.now() + decision.timeoutMs
      for (;;) {
        const probe = await decision.probe(this.look)
        if (probe.done) {
          Object.assign(this.variables, probe.facts)
          return { kind: 'ok', words: probe.reason, result: probe.result ?? {} }
        }
        if (probe.final === true || Date.now() > deadline) return { kind: 'fail', words: probe.found, result: {} }
        await this.clock.sleep(decision.intervalMs)
      }
    }
    Object.assign(this.variables, decision.facts)
    if (decision.kind === 'fail') return { kind: 'fail', words: decision.message, result }
    if (decision.kind === 'keep') return { kind: 'keep', words: decision.reason, result }
    return { kind: 'change', words: decision.change.summary, result }
  }

  /** The home of a JDK's programme that the node runs on. */
  jdkTool(name: string): string {
    return join(this.home, 'jdk/bin', name)
  }

  override remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
