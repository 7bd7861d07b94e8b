import { type Page, page } from './document.ts'
import { html } from './html.ts'

/** What a person sees who opens the server's address. */
export function startPage(version: string): Page {
  return page(
    'Caliber',
    html`<main class="plain">
<h1>Caliber</h1>
<p>Memory for AI agents, on Postgres. Version ${version} is running here.</p>
<p><a href="/reference">Reference</a>: every operation with its fields, an example and its answer.</p>
<p><a href="/openapi.json">OpenAPI 3.1</a>: the same for programs.</p>
<p><a href="/v1/health">Health</a>: whether the server and its database answer.</p>
</main>`,
  )
}
