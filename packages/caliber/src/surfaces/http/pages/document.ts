/** A whole page: nothing from elsewhere, and a policy under which only its own style and script run. */
import { createHash } from 'node:crypto'
import { type Html, html, trusted } from './html.ts'
import { style } from './style.ts'

export interface Page {
  readonly body: string
  /** Value of the Content-Security-Policy header. */
  readonly policy: string
}

export function page(title: string, content: Html, script = ''): Page {
  const { html: body } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
${content}
${script === '' ? '' : html`<script>${trusted(script)}</script>`}
</body>
</html>
`
  return { body, policy: policyFor(script) }
}

function policyFor(script: string): string {
  const parts = ["default-src 'none'", `style-src ${digest(style)}`, 'img-src data:', "base-uri 'none'"]
  if (script !== '') parts.push(`script-src ${digest(script)}`)
  return [...parts, "form-action 'none'", "frame-ancestors 'none'"].join('; ')
}

function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
