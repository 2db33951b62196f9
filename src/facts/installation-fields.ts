/** The lines `name=value` that an installation's question prints; the first `=` separates. */
export function fieldsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => {
        const equals = line.indexOf('=')
        return [line.slice(0, equals), line.slice(equals + 1)] as const
      }),
  )
}

/** A file's bytes, which travel as base64 on one line; undefined when the file is not there. */
export function fileField(fields: ReadonlyMap<string, string>, name: string): Buffer | undefined {
  const value = fields.get(name)
  return value === undefined ? undefined : Buffer.from(value, 'base64')
}
