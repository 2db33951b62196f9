import type { Inherited } from '../playbook/playbook.ts'

/**
 * What a block or play hands down, joined with what the inner part says itself: the inner word wins, except that tags
 * and conditions add up and variables merge (Ansible's FieldAttribute rules `extend` and the `when` chain of blocks).
 */
export function inherit(outer: Inherited, inner: Inherited): Inherited {
  return {
    ...outer,
    ...definedOnly(inner),
    tags: [...new Set([...outer.tags, ...inner.tags])],
    vars: { ...outer.vars, ...inner.vars },
    when: [...outer.when, ...inner.when],
  }
}

function definedOnly(inherited: Inherited): Partial<Inherited> {
  return Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined))
}
