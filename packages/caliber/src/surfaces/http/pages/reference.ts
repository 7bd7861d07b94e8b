/** The reference page: every operation, entity and error on one page, rendered from the registry. */
import { errorTable } from '../../../domain/errors.ts'
import { limits } from '../../../domain/limits.ts'
import type { DescribedOperation } from '../describe.ts'
import type { JsonSchema } from '../jsonSchema.ts'
import { curl } from './curl.ts'
import { type Page, page } from './document.ts'
import { entitiesIn, fieldTable, outline } from './fields.ts'
import { type Html, html } from './html.ts'
import { script } from './script.ts'

/** @param serverUrl under which the reader sees this server */
export function referencePage(operations: readonly DescribedOperation[], serverUrl: string): Page {
  const nouns = [...new Set(operations.map(({ name }) => nounOf(name)))]
  const entities = new Map(operations.flatMap(({ output }) => entitiesIn(output)).map((e) => [e.title ?? '', e]))
  const inNoun = (noun: string) => operations.filter(({ name }) => nounOf(name) === noun)
  const content = html`<a class="skip" href="#content">Skip to the operations</a>
<div class="layout">
<nav aria-label="Operations">
<div hidden><label for="filter">Filter operations</label><input id="filter" type="search" autocomplete="off">
<span id="found" class="soft" role="status"></span></div>
<details open><summary>Contents</summary>
<ul><li><a href="#using">Using it</a></li><li><a href="#entities">Entities</a></li><li><a href="#errors">Errors</a></li></ul>
${nouns.map((noun) => html`<ul data-group>${inNoun(noun).map(entry)}</ul>`)}
</details>
</nav>
<main id="content">
${introduction(serverUrl)}
${nouns.map((noun) => html`<section data-group aria-labelledby="noun-${noun}"><h2 id="noun-${noun}">${noun}</h2>${inNoun(noun).map(article)}</section>`)}
<section><h2 id="entities">Entities</h2>${[...entities].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => entity(e))}</section>
${errors}
</main>
</div>`
  return page('Caliber reference', content, script)
}

function entry({ name, summary }: DescribedOperation): Html {
  return html`<li data-words="${wordsOf(name, summary)}"><a href="#${name}">${name}</a></li>`
}

function introduction(serverUrl: string): Html {
  return html`<h1 id="using">Caliber reference</h1>
<p>Each operation is a route here, a method of <code>@caliber/client</code>, a command of <code>caliber</code> and, where
marked, an MCP tool. The same as data: <a href="/openapi.json">OpenAPI 3.1</a>.</p>
<p>Send an API key as a bearer token. Bodies are JSON objects of at most ${limits.requestBytes.toLocaleString('en-US')}
octets, and fields an operation does not know are refused. A write may carry an <code>Idempotency-Key</code> header: sent
again with the same key within ${limits.idempotencyHours} hours, it answers as the first time and does nothing more.</p>
<p>The examples take the server and the key from two variables:</p>
<div class="copy"><pre tabindex="0">export CALIBER_URL=${serverUrl}
export CALIBER_KEY=cal_…</pre></div>`
}

function article(operation: DescribedOperation): Html {
  const { name, method, path, summary, input, output } = operation
  return html`<article class="operation" id="${name}" data-words="${wordsOf(name, summary, path)}" aria-labelledby="title-${name}">
<h3 id="title-${name}"><a href="#${name}">${name}</a></h3>
<p class="route"><span class="method ${method}">${method}</span> ${path}</p>
<p>${summary}</p>
<p class="traits">${traits(operation).join(' · ')}</p>
<h4>Input</h4>
${fieldTable(input)}
<h4>Example</h4>
<div class="copy"><pre tabindex="0">${curl(operation)}</pre></div>
<h4>Answer</h4>
<pre tabindex="0">${outline(output)}</pre>
</article>`
}

function traits({ needs, method, effect, idempotent, mcp }: DescribedOperation): readonly string[] {
  return [
    needs === 'none' ? 'no credential needed' : `needs the right "${needs}"`,
    method === 'GET' || effect === 'recall'
      ? 'changes nothing'
      : idempotent
        ? 'safe to repeat'
        : 'repeat only with an idempotency key',
    ...(mcp ? ['MCP tool'] : []),
  ]
}

function entity({ title, ...schema }: JsonSchema): Html {
  return html`<h3 id="${title}">${title}</h3><pre tabindex="0">${outline(schema)}</pre><p></p>`
}

const errors = html`<section><h2 id="errors">Errors</h2>
<p>An error answers <code>{ "error": { "code", "message", "detail", "retryable", "requestId" } }</code>. Decide by the code;
codes are added, never renamed. The message says what happened, to which id, and what to do.</p>
<table><thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Meaning</th></tr></thead><tbody>
${Object.entries(errorTable).map(
  ([code, { http, meaning, retryable }]) =>
    html`<tr><td><code>${code}</code></td><td>${http}</td><td>${meaning}${retryable ? ' Worth trying again.' : ''}</td></tr>`,
)}
</tbody></table></section>`

function wordsOf(...texts: readonly string[]): string {
  return texts.join(' ').toLowerCase()
}

function nounOf(name: string): string {
  return name.split('.')[0] ?? name
}
