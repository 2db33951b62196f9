import type { Problem } from '../errors.ts'

export interface DecodedText {
  readonly text: string
  /** The first line that is not UTF-8. Comments do not count: Ansible leaves them in any encoding. */
  readonly problem: Problem | undefined
}

export function decodeUtf8(bytes: Buffer, file: string): DecodedText {
  const text = bytes.toString('utf8')
  const lines = text.includes('\ufffd') ? text.split('\n') : []
  const index = lines.findIndex((line) => line.includes('\ufffd') && !/^\s*[#;]/.test(line))
  if (index < 0) return { text, problem: undefined }
  const position = { file, line: index + 1, column: (lines[index]?.indexOf('\ufffd') ?? 0) + 1 }
  return { text, problem: { message: 'The text is not UTF-8', position, hint: 'Save the file as UTF-8' } }
}
