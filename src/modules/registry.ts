import { trustPhase } from './trust-phase.ts'
import { promotedAuthority } from './promoted-authority.ts'
import { clientTrust } from './client-trust.ts'
import { transportTrust } from './transport-trust.ts'
import { transportStatus } from './transport-status.ts'
import { transportPhaseGate } from './transport-phase.ts'
import { transportCertificate } from './transport-certificate.ts'
import { yamlSettings } from './yaml-settings.ts'
import { storedPassword } from './stored-password.ts'
import { servedCertificate } from './served-certificate.ts'
import { reloadedTransport } from './reloaded-transport.ts'
import { reloadedCertificate } from './reloaded-certificate.ts'
import { metricbeatModule } from './metricbeat-module.ts'
import { metricbeatKeystore } from './metricbeat-keystore.ts'
import { metricbeatFacts } from './metricbeat-facts.ts'
import { metricbeatChecks } from './metricbeat-checks.ts'
import { kibanaKeystore } from './kibana-keystore.ts'
import { kibanaFacts } from './kibana-facts.ts'
import { kibanaCertificateStatus } from './kibana-certificate-status.ts'
import { kibanaCertificate } from './kibana-certificate.ts'
import { kibanaChecks } from './kibana-checks.ts'
import { elasticsearchService } from './elasticsearch-service.ts'
import { elasticsearchKeystore } from './elasticsearch-keystore.ts'
import { elasticsearchFacts } from './elasticsearch-facts.ts'
import { elasticsearchChecks } from './elasticsearch-checks.ts'
import { currentService } from './current-service.ts'
import { coveredNames } from './covered-names.ts'
import { clusterSnapshot } from './cluster-snapshot.ts'
import { clusterGate } from './cluster-gate.ts'
import { certificateAuthority } from './certificate-authority.ts'
import { certificateStatus } from './certificate-status.ts'
import { certificate } from './certificate.ts'
import { caBundle } from './ca-bundle.ts'
import { nearest } from '../nearest.ts'
import { assert } from './assert.ts'
import { blockinfile } from './blockinfile.ts'
import { command } from './command.ts'
import { copy } from './copy.ts'
import { debug } from './debug.ts'
import { fail } from './fail.ts'
import { file } from './file.ts'
import { groupBy } from './group-by.ts'
import { lineinfile } from './lineinfile.ts'
import { meta } from './meta.ts'
import type { Module } from './module.ts'
import { ping } from './ping.ts'
import { setFact } from './set-fact.ts'
import { setup } from './setup.ts'
import { shardAllocation } from './shard-allocation.ts'
import { shell } from './shell.ts'
import { slurp } from './slurp.ts'
import { stat } from './stat.ts'
import { systemdService } from './systemd-service.ts'
import { template } from './template.ts'
import { uri } from './uri.ts'
import { waitFor } from './wait-for.ts'

/** Every module, in the order of the documentation: Ansible's, then those of our field. */
export const allModules: readonly Module[] = [
  assert,
  blockinfile,
  command,
  copy,
  debug,
  fail,
  file,
  groupBy,
  lineinfile,
  meta,
  ping,
  setFact,
  setup,
  shell,
  slurp,
  stat,
  systemdService,
  template,
  uri,
  waitFor,
  caBundle,
  certificate,
  certificateAuthority,
  certificateStatus,
  clientTrust,
  clusterGate,
  clusterSnapshot,
  coveredNames,
  currentService,
  elasticsearchChecks,
  elasticsearchFacts,
  elasticsearchKeystore,
  elasticsearchService,
  kibanaCertificate,
  kibanaCertificateStatus,
  kibanaChecks,
  kibanaFacts,
  kibanaKeystore,
  metricbeatChecks,
  metricbeatFacts,
  metricbeatKeystore,
  metricbeatModule,
  promotedAuthority,
  reloadedCertificate,
  reloadedTransport,
  servedCertificate,
  shardAllocation,
  storedPassword,
  trustPhase,
  transportCertificate,
  transportPhaseGate,
  transportStatus,
  transportTrust,
  yamlSettings,
]

/** Modules by every name they answer to. */
export const modulesByName: ReadonlyMap<string, Module> = new Map(
  allModules.flatMap((module) => [module.name, ...module.aliases].map((name) => [name, module] as const)),
)

export function nearestModule(name: string): string | undefined {
  return nearest(name, modulesByName.keys())
}
