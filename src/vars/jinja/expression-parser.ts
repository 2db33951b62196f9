import type { Token } from './lexer.ts'
import { TemplateSyntaxError, type Arguments, type Comparison, type Expression } from './syntax.ts'
import { PyFloat } from './value.ts'

const constants: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
}
const comparisons = ['==', '!=', '<', '>', '<=', '>=']
const noArguments: Arguments = { positional: [], named: [] }

/** Jinja's expression grammar, by recursive descent: one method a level of precedence. */
export class ExpressionParser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get token(): Token {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1)
    if (token === undefined) throw new TemplateSyntaxError('An expression is missing', 0)
    return token
  }

  next(): Token {
    const token = this.token
    this.#at += 1
    return token
  }

  isOperator(text: string): boolean {
    return this.token.kind === 'operator' && this.token.text === text
  }

  isWord(text: string): boolean {
    return this.token.kind === 'name' && this.token.text === text
  }

  take(text: string): boolean {
    if (!this.isOperator(text) && !this.isWord(text)) return false
    this.#at += 1
    return true
  }

  expect(text: string): void {
    if (!this.take(text)) throw this.unexpected(`"${text}"`)
  }

  expectName(): string {
    if (this.token.kind !== 'name') throw this.unexpected('a name')
    return this.next().text
  }

  expectEnd(): void {
    if (this.token.kind !== 'end') throw this.unexpected('the end')
  }

  unexpected(wanted: string): TemplateSyntaxError {
    const found = this.token.kind === 'end' ? 'the end' : `"${this.token.text}"`
    return new TemplateSyntaxError(`Expected ${wanted}, found ${found}`, this.token.offset)
  }

  expression(): Expression {
    let value = this.#or()
    while (this.take('if')) {
      const test = this.#or()
      const otherwise = this.take('else') ? this.expression() : undefined
      value = { kind: 'if', then: value, test, otherwise }
    }
    return value
  }

  /** `a, b` without parentheses, as in `for x in a, b`. */
  tuple(): Expression {
    const first = this.withoutCondition()
    if (!this.isOperator(',')) return first
    const items = [first]
    while (this.take(',')) if (this.token.kind !== 'end') items.push(this.withoutCondition())
    return { kind: 'list', items }
  }

  /** An expression that leaves a following `if` alone: `for x in list if x`. */
  withoutCondition(): Expression {
    return this.#or()
  }

  #or(): Expression {
    let left = this.#and()
    while (this.take('or')) left = { kind: 'binary', operator: 'or', left, right: this.#and() }
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.take('and')) left = { kind: 'binary', operator: 'and', left, right: this.#not() }
    return left
  }

  #not(): Expression {
    return this.take('not') ? { kind: 'unary', operator: 'not', of: this.#not() } : this.#compare()
  }

  #compare(): Expression {
    const first = this.#sum()
    const rest: Comparison[] = []
    for (;;) {
      if (this.token.kind === 'operator' && comparisons.includes(this.token.text)) {
        rest.push({ operator: this.next().text, right: this.#sum() })
      } else if (this.take('in')) {
        rest.push({ operator: 'in', right: this.#sum() })
      } else if (this.isWord('not') && this.#tokens[this.#at + 1]?.text === 'in') {
        this.#at += 2
        rest.push({ operator: 'not in', right: this.#sum() })
      } else break
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest }
  }

  #sum(): Expression {
    return this.#binary(['+', '-'], () => this.#concatenation())
  }

  #concatenation(): Expression {
    return this.#binary(['~'], () => this.#product())
  }

  #product(): Expression {
    return this.#binary(['*', '/', '//', '%'], () => this.#power())
  }

  #binary(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand()
    while (this.token.kind === 'operator' && operators.includes(this.token.text)) {
      left = { kind: 'binary', operator: this.next().text, left, right: operand() }
    }
    return left
  }

  #unary(withFilters: boolean): Expression {
    const sign = this.isOperator('-') || this.isOperator('+') ? this.next().text : undefined
    const value: Expression =
      sign === undefined ? this.#primary() : { kind: 'unary', operator: sign as '-' | '+', of: this.#unary(false) }
    const complete = this.#postfix(value)
    return withFilters ? this.#filters(complete) : complete
  }

  #power(): Expression {
    return this.#binary(['**'], () => this.#unary(true))
  }

  #primary(): Expression {
    const token = this.next()
    if (token.kind === 'name') {
      return Object.hasOwn(constants, token.text)
        ? { kind: 'literal', value: constants[token.text] }
        : { kind: 'name', name: token.text }
    }
    if (token.kind === 'string') {
      let text = token.text
      while (this.token.kind === 'string') text += this.next().text
      return { kind: 'literal', value: text }
    }
    if (token.kind === 'integer') return { kind: 'literal', value: Number(integerText(token.text)) }
    if (token.kind === 'float') return { kind: 'literal', value: new PyFloat(Number(token.text.replaceAll('_', ''))) }
    if (token.text === '(') return this.#parenthesis()
    if (token.text === '[') return { kind: 'list', items: this.#items(']', () => this.expression()) }
    if (token.text === '{') return { kind: 'dict', entries: this.#items('}', () => this.#entry()) }
    this.#at -= 1
    throw this.unexpected('an expression')
  }

  #parenthesis(): Expression {
    if (this.take(')')) return { kind: 'list', items: [] }
    const first = this.expression()
    if (this.take(')')) return first
    this.expect(',')
    return { kind: 'list', items: [first, ...this.#items(')', () => this.expression())] }
  }

  #entry(): readonly [Expression, Expression] {
    const key = this.expression()
    this.expect(':')
    return [key, this.expression()]
  }

  #items<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = []
    while (!this.take(close)) {
      items.push(item())
      if (!this.isOperator(close)) this.expect(',')
    }
    return items
  }

  #postfix(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.take('.')) value = this.#attribute(value)
      else if (this.take('[')) value = this.#subscript(value)
      else if (this.isOperator('(')) value = { kind: 'call', callee: value, args: this.arguments() }
      else return value
    }
  }

  #attribute(of: Expression): Expression {
    const token = this.next()
    if (token.kind === 'name') {
      return { kind: 'member', of, key: { kind: 'literal', value: token.text }, dotted: true }
    }
    if (token.kind === 'integer') {
      return { kind: 'member', of, key: { kind: 'literal', value: Number(token.text) }, dotted: true }
    }
    this.#at -= 1
    throw this.unexpected('a name')
  }

  #subscript(of: Expression): Expression {
    const start = this.isOperator(':') ? undefined : this.expression()
    if (start !== undefined && this.take(']')) return { kind: 'member', of, key: start, dotted: false }
    this.expect(':')
    const part = () => (this.isOperator(':') || this.isOperator(']') ? undefined : this.expression())
    const stop = part()
    const step = this.take(':') ? part() : undefined
    this.expect(']')
    return { kind: 'slice', of, start, stop, step }
  }

  #filters(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.take('|')) {
        const name = this.#dottedName()
        value = this.#postfix({ kind: 'filter', name, of: value, args: this.#optionalArguments() })
      } else if (this.take('is')) value = this.#test(value)
      else return value
    }
  }

  #test(of: Expression): Expression {
    const negated = this.take('not')
    const name = this.token.kind === 'operator' ? this.next().text : this.#dottedName()
    if (this.isOperator('(')) return { kind: 'test', name, of, negated, args: this.arguments() }
    // `is divisibleby 3`: one argument without parentheses, unless what follows is an operator word.
    const word = this.token.kind === 'name' && !['else', 'or', 'and', 'is', 'not', 'if', 'in'].includes(this.token.text)
    const literal = ['string', 'integer', 'float'].includes(this.token.kind)
    const bracket = this.isOperator('[') || this.isOperator('{')
    if (!word && !literal && !bracket) return { kind: 'test', name, of, negated, args: noArguments }
    const argument = this.#postfix(this.#primary())
    return { kind: 'test', name, of, negated, args: { positional: [argument], named: [] } }
  }

  #dottedName(): string {
    let name = this.expectName()
    while (this.take('.')) name += `.${this.expectName()}`
    return name
  }

  #optionalArguments(): Arguments {
    return this.isOperator('(') ? this.arguments() : noArguments
  }

  arguments(): Arguments {
    this.expect('(')
    const positional: Expression[] = []
    const named: (readonly [string, Expression])[] = []
    while (!this.take(')')) {
      if (this.token.kind === 'name' && this.#tokens[this.#at + 1]?.text === '=') {
        const name = this.expectName()
        this.expect('=')
        named.push([name, this.expression()])
      } else positional.push(this.expression())
      if (!this.isOperator(')')) this.expect(',')
    }
    return { positional, named }
  }
}

function integerText(text: string): string {
  return text.replaceAll('_', '')
}
