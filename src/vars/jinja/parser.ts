import { ExpressionParser } from './expression-parser.ts'
import { segments, tokenize, type Segment } from './lexer.ts'
import { TemplateSyntaxError, type BranchCase, type Expression, type Statement } from './syntax.ts'

/**
 * Parses a template's text. In texts of playbooks, Ansible takes a backslash in the quotes of `{{ '…' }}` as an ordinary
 * character, for YAML has read its escapes already; in template files it escapes. Throws a TemplateSyntaxError.
 */
export function parseTemplate(text: string, escapes: boolean): readonly Statement[] {
  const reader = new StatementReader(segments(text, escapes))
  const { statements, end } = reader.until([])
  if (end !== undefined) throw new TemplateSyntaxError(`"{% ${end} %}" closes nothing`, 0)
  return statements
}

/** Parses a bare expression, as in `when`. Throws a TemplateSyntaxError. */
export function parseExpression(text: string): Expression {
  const parser = new ExpressionParser(tokenize(text, { start: 0, end: undefined, escapes: true }).tokens)
  const expression = parser.expression()
  parser.expectEnd()
  return expression
}

interface Body {
  readonly statements: readonly Statement[]
  /** The closing word: `endif`, `else`, …; undefined at the end of the text. */
  readonly end: string | undefined
  /** The rest of the closing tag: the condition of `elif`. */
  readonly parser: ExpressionParser | undefined
}

class StatementReader {
  readonly #segments: readonly Segment[]
  #at = 0

  constructor(list: readonly Segment[]) {
    this.#segments = list
  }

  until(ends: readonly string[]): Body {
    const statements: Statement[] = []
    const opened = this.#segments[this.#at - 1]
    for (let segment = this.#next(); segment !== undefined; segment = this.#next()) {
      if (segment.kind === 'text') {
        statements.push({ kind: 'text', text: segment.text })
        continue
      }
      const parser = new ExpressionParser(segment.tokens)
      if (segment.kind === 'output') {
        statements.push({ kind: 'output', expression: parser.expression() })
        parser.expectEnd()
        continue
      }
      const word = parser.expectName()
      if (ends.includes(word)) return { statements, end: word, parser }
      statements.push(this.#statement(word, parser, segment.offset))
    }
    if (ends.length > 0) {
      throw new TemplateSyntaxError(`"{% ${ends.at(-1) ?? ''} %}" is missing`, opened?.offset ?? 0)
    }
    return { statements, end: undefined, parser: undefined }
  }

  #next(): Segment | undefined {
    const segment = this.#segments[this.#at]
    this.#at += 1
    return segment
  }

  #statement(word: string, parser: ExpressionParser, offset: number): Statement {
    switch (word) {
      case 'if':
        return this.#branch(parser)
      case 'for':
        return this.#loop(parser)
      case 'set':
        return this.#set(parser)
      default:
        throw new TemplateSyntaxError(`"{% ${word} %}" is not supported`, offset)
    }
  }

  #branch(first: ExpressionParser): Statement {
    const cases: BranchCase[] = []
    let parser = first
    for (;;) {
      const test = parser.expression()
      parser.expectEnd()
      const body = this.until(['elif', 'else', 'endif'])
      cases.push({ test, body: body.statements })
      if (body.end === 'endif') return { kind: 'branch', cases, otherwise: [] }
      if (body.end === 'else') {
        return { kind: 'branch', cases, otherwise: this.until(['endif']).statements }
      }
      if (body.parser !== undefined) parser = body.parser
    }
  }

  #loop(parser: ExpressionParser): Statement {
    const targets = targetNames(parser)
    parser.expect('in')
    const over = parser.tuple()
    const filter = parser.take('if') ? parser.expression() : undefined
    if (parser.isWord('recursive')) throw parser.unexpected('the end')
    parser.expectEnd()
    const body = this.until(['else', 'endfor'])
    const otherwise = body.end === 'else' ? this.until(['endfor']).statements : []
    return { kind: 'loop', targets, over, filter, body: body.statements, otherwise }
  }

  #set(parser: ExpressionParser): Statement {
    const targets = targetNames(parser)
    const first = targets[0] ?? ''
    if (parser.take('.')) {
      const member = parser.expectName()
      parser.expect('=')
      const value = parser.expression()
      parser.expectEnd()
      return { kind: 'set-member', object: first, member, value }
    }
    if (!parser.take('=')) {
      parser.expectEnd()
      return { kind: 'capture', target: first, body: this.until(['endset']).statements }
    }
    const head = parser.expression()
    const items = [head]
    while (parser.take(',')) items.push(parser.expression())
    parser.expectEnd()
    return { kind: 'set', targets, value: items.length === 1 ? head : { kind: 'list', items } }
  }
}

function targetNames(parser: ExpressionParser): string[] {
  const parenthesis = parser.take('(')
  const names = [parser.expectName()]
  while (parser.take(',')) names.push(parser.expectName())
  if (parenthesis) parser.expect(')')
  return names
}
