/** The syntax tree of a template. Offsets count characters from the template's start. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Expression; readonly key: Expression; readonly dotted: boolean }
  | {
      readonly kind: 'slice'
      readonly of: Expression
      readonly start: Expression | undefined
      readonly stop: Expression | undefined
      readonly step: Expression | undefined
    }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: Arguments }
  | { readonly kind: 'filter'; readonly name: string; readonly of: Expression; readonly args: Arguments }
  | {
      readonly kind: 'test'
      readonly name: string
      readonly of: Expression
      readonly args: Arguments
      readonly negated: boolean
    }
  | { readonly kind: 'unary'; readonly operator: 'not' | '-' | '+'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly Comparison[] }
  | {
      readonly kind: 'if'
      readonly then: Expression
      readonly test: Expression
      readonly otherwise: Expression | undefined
    }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }

export interface Comparison {
  readonly operator: string
  readonly right: Expression
}

export interface Arguments {
  readonly positional: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly expression: Expression }
  | { readonly kind: 'branch'; readonly cases: readonly BranchCase[]; readonly otherwise: readonly Statement[] }
  | {
      readonly kind: 'loop'
      readonly targets: readonly string[]
      readonly over: Expression
      readonly filter: Expression | undefined
      readonly body: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }
  | { readonly kind: 'set'; readonly targets: readonly string[]; readonly value: Expression }
  | { readonly kind: 'set-member'; readonly object: string; readonly member: string; readonly value: Expression }
  | { readonly kind: 'capture'; readonly target: string; readonly body: readonly Statement[] }

export interface BranchCase {
  readonly test: Expression
  readonly body: readonly Statement[]
}

/** The template is not valid Jinja. `offset` counts characters from the template's start. */
export class TemplateSyntaxError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}
