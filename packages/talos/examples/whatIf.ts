import assert from 'node:assert/strict'
// #region example
import { createGraph, fork } from '@caliber/talos'

const graph = createGraph()
const spot = graph.input(100)
const rate = graph.input(0.05)
const bond = graph.derived(() => 1000 / (1 + rate.get()))
const portfolio = graph.derived(() => spot.get() * 10 + bond.get())
const today = portfolio.get()

const crash = fork(graph)
crash.set(spot, 60)
const loss = today - crash.get(portfolio)

// The graph itself never noticed; the bond, which no assumption touches, was not computed again.
const unchanged = portfolio.get() === today

// Later edits show through where nothing is assumed, and the scenario can become true.
rate.set(0.04)
const both = crash.get(portfolio)
crash.commit()
// #endregion
assert.ok(Math.abs(loss - 400) < 1e-9)
assert.ok(unchanged)
assert.equal(portfolio.get(), both)
assert.equal(spot.get(), 60)
