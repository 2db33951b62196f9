import type { ClusterNode } from './cluster-state.ts'

/**
 * The order in which nodes may be restarted, as Elastic's rolling procedures have it: data tiers from frozen to hot,
 * other data nodes, nodes that are neither data nor master-eligible, master-eligible nodes, the elected master last.
 * Equal ones stay in the order they were given in.
 */
export function restartOrder<Node extends Pick<ClusterNode, 'roles' | 'isElectedMaster'>>(
  nodes: readonly Node[],
): readonly Node[] {
  return nodes
    .map((node, index) => ({ node, index, rank: rankOf(node) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ node }) => node)
}

const tiers = ['data_frozen', 'data_cold', 'data_warm', 'data_hot', 'data_content', 'data']

function rankOf({ roles, isElectedMaster }: Pick<ClusterNode, 'roles' | 'isElectedMaster'>): number {
  if (isElectedMaster) return tiers.length + 3
  // A voting-only node takes part in elections too.
  if (roles.includes('master')) return tiers.length + 2
  if (roles.includes('data')) return tiers.length
  const tier = tiers.findIndex((role) => roles.includes(role))
  return tier === -1 ? tiers.length + 1 : tier
}
