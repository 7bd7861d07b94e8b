/** What the reference page does in the browser: filter the operations, and copy examples. It reads well without. */
export const script = `
const filter = document.querySelector('#filter')
const status = document.querySelector('#found')
const entries = [...document.querySelectorAll('[data-words]')]
filter.closest('[hidden]').hidden = false
if (matchMedia('(max-width: 60rem)').matches) document.querySelector('nav details').open = false
filter.addEventListener('input', () => {
  document.querySelector('nav details').open = true
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean)
  const fits = (entry) => words.every((word) => entry.dataset.words.includes(word))
  for (const entry of entries) entry.hidden = !fits(entry)
  for (const group of document.querySelectorAll('[data-group]')) {
    group.hidden = !group.querySelector('[data-words]:not([hidden])')
  }
  const shown = entries.filter((entry) => !entry.hidden && entry.matches('.operation')).length
  status.textContent = words.length === 0 ? '' : shown + ' of ' + entries.filter((e) => e.matches('.operation')).length
})
for (const box of document.querySelectorAll('.copy')) {
  if (!navigator.clipboard) break
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = 'Copy'
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(box.querySelector('pre').textContent)
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = 'Copy' }, 1500)
  })
  box.append(button)
}
`
