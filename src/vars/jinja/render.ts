import type { Machine } from './evaluate.ts'
import { pyTruth } from './python.ts'
import type { Statement } from './syntax.ts'
import { defined, EvaluationError, items, Namespace } from './value.ts'

/** Runs the statements of a template. The values of its outputs in order; one alone keeps its type. */
export function render(machine: Machine, statements: readonly Statement[]): unknown[] {
  return machine.names.within(() => block(machine, statements))
}

/** Outputs as one text, in which none is nothing. */
export function joined(machine: Machine, outputs: readonly unknown[]): string {
  return outputs.map((output) => (output === null ? '' : machine.text(output))).join('')
}

function block(machine: Machine, statements: readonly Statement[]): unknown[] {
  return statements.flatMap((statement) => run(machine, statement))
}

function run(machine: Machine, statement: Statement): unknown[] {
  machine.step()
  switch (statement.kind) {
    case 'text':
      return [statement.text]
    case 'output':
      return [defined(machine.evaluate(statement.expression))]
    case 'branch': {
      const chosen = statement.cases.find((branch) => pyTruth(machine.evaluate(branch.test)))
      return block(machine, chosen === undefined ? statement.otherwise : chosen.body)
    }
    case 'loop':
      return loop(machine, statement)
    case 'set':
      machine.names.set(statement.targets, machine.evaluate(statement.value))
      return []
    case 'set-member': {
      const object = machine.names.value(statement.object)
      if (!(object instanceof Namespace)) throw new EvaluationError(`"${statement.object}" is no namespace`)
      object.values.set(statement.member, machine.evaluate(statement.value))
      return []
    }
    case 'capture':
      machine.names.set([statement.target], joined(machine, render(machine, statement.body)))
      return []
  }
}

function loop(machine: Machine, { over, targets, filter, body, otherwise }: Statement & { kind: 'loop' }): unknown[] {
  const { names } = machine
  let list = items(defined(machine.evaluate(over)))
  if (filter !== undefined) {
    list = list.filter((item) =>
      names.within(() => {
        names.set(targets, item)
        return pyTruth(machine.evaluate(filter))
      }),
    )
  }
  if (list.length === 0) return block(machine, otherwise)
  return list.flatMap((item, index) =>
    names.within(() => {
      names.set(targets, item)
      names.set(['loop'], loopValue(list, index))
      return block(machine, body)
    }),
  )
}

function loopValue(list: readonly unknown[], index: number): Readonly<Record<string, unknown>> {
  const previous = index > 0 ? { previtem: list[index - 1] } : {}
  const following = index + 1 < list.length ? { nextitem: list[index + 1] } : {}
  return {
    index: index + 1,
    index0: index,
    revindex: list.length - index,
    revindex0: list.length - index - 1,
    first: index === 0,
    last: index === list.length - 1,
    length: list.length,
    ...previous,
    ...following,
  }
}
