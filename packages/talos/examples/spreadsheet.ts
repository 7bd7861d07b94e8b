import assert from 'node:assert/strict'
// #region example
import { createGraph } from '@caliber/talos'

const { input, derived, effect, batch } = createGraph()

const price = input(100)
const quantity = input(2)
const net = derived(() => price.get() * quantity.get())
const discounted = derived(() => net.get() > 500)
const total = derived(() => (discounted.get() ? net.get() * 0.9 : net.get()))

const shown: number[] = []
const screen = effect(() => void shown.push(total.get()))

quantity.set(3)
batch(() => {
  // Two sets, one change: nobody sees the price without the quantity.
  price.set(200)
  quantity.set(4)
})
screen.dispose()
// #endregion
assert.deepEqual(shown, [200, 300, 720])
