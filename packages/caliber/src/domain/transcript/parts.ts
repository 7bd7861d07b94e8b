/**
 * Text of message content, which both vendors write as a string or as a list of typed parts.
 *
 * Text is kept as it is. Private reasoning is dropped. Whatever else a model was shown (an image, a file) is named in
 * brackets, `[image]`, so that a turn does not read as if it had not been there.
 */
import { isObject } from './json.ts'

/** Parts that hold a model's private reasoning. */
const PRIVATE: ReadonlySet<string> = new Set(['thinking', 'redacted_thinking', 'reasoning', 'reasoning_text'])

const IMAGES: ReadonlySet<string> = new Set(['image', 'image_url', 'input_image', 'image_file', 'output_image'])

/**
 * Join the text of a content value with newlines.
 *
 * @returns undefined when it is neither null, a string, a part nor a list of parts
 */
export function contentText(content: unknown): string | undefined {
  if (content === undefined || content === null) return ''
  if (!Array.isArray(content)) return partText(content)
  const texts: string[] = []
  for (const part of content) {
    const text = partText(part)
    if (text === undefined) return undefined
    if (text !== '') texts.push(text)
  }
  return texts.join('\n')
}

/**
 * Text of one part; '' for private reasoning.
 *
 * @returns undefined when it is neither a string nor an object
 */
export function partText(part: unknown): string | undefined {
  if (typeof part === 'string') return part
  if (!isObject(part)) return undefined
  const type = typeof part['type'] === 'string' ? part['type'] : ''
  if (PRIVATE.has(type)) return ''
  const text = isObject(part['text']) ? part['text']['value'] : (part['text'] ?? part['refusal'])
  if (typeof text === 'string') return text
  if (IMAGES.has(type)) return '[image]'
  return /^[a-z][a-z0-9_.-]{0,39}$/i.test(type) ? `[${type}]` : '[attachment]'
}
