import type { Pair, YAMLMap } from 'yaml'

/** A pair of a YAML text in the map that holds it. */
export interface Place {
  readonly map: YAMLMap
  readonly pair: Pair
}

export interface Separator {
  readonly type: string
  readonly offset?: number
  readonly source: string
}

export function separators(pair: Pair | undefined): readonly Separator[] {
  const token = pair?.srcToken as
    { readonly start?: readonly Separator[]; readonly sep?: readonly Separator[] } | undefined
  return [...(token?.start ?? []), ...(token?.sep ?? [])]
}

export type Ranged = { readonly range?: readonly [number, number, number] | null | undefined } | null | undefined

/** Start and end of the pair's name, and the end of what belongs to it: offsets in the text. */
export function keyRange(pair: Pair): readonly [number, number, number] {
  return (pair.key as Ranged)?.range ?? [0, 0, 0]
}

/** Where the pair's text ends; behind the line end when its value is a block. */
export function pairEnd(pair: Pair): number {
  const colon = separators(pair).find((token) => token.type === 'map-value-ind')?.offset
  const empty = colon === undefined ? keyRange(pair)[1] : colon + 1
  const range = (pair.value as Ranged)?.range
  return range === undefined || range === null || range[0] === range[1] ? empty : range[1]
}
