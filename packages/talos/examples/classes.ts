import assert from 'node:assert/strict'
// #region example
import { createGraph } from '@caliber/talos'
import { decorators } from '@caliber/talos/decorators'

const { input, derived, memo } = decorators(createGraph())

class Sheet {
  @input
  accessor price = 100

  @derived
  get total(): number {
    return this.price * 1.2
  }

  @memo
  shifted(by: number): number {
    return this.total + by
  }
}

const sheet = new Sheet()
const before = sheet.shifted(5)
sheet.price = 200
// #endregion
assert.equal(before, 125)
assert.equal(sheet.shifted(5), 245)
