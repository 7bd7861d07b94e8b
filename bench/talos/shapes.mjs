/**
 * The graph shapes libraries of this kind are commonly measured on, as our own programs.
 *
 * Each entry builds a graph once and returns the work to be timed; the work asserts its results, so a
 * library that is fast because it is wrong fails.
 */
export const suites = { kairo: kairo(), cellx: cellx(), dynamic: dynamic(), ladder: ladder() }

function assert(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`)
}

function busy() {
  let a = 0
  for (let i = 0; i < 100; i++) a++
  return a
}

function kairo() {
  return {
    avoidable: (lib) => {
      const head = lib.signal(0)
      const c1 = lib.computed(() => head.read())
      const c2 = lib.computed(() => (c1.read(), 0))
      const c3 = lib.computed(() => (busy(), c2.read() + 1))
      const c4 = lib.computed(() => c3.read() + 2)
      const c5 = lib.computed(() => c4.read() + 3)
      lib.effect(() => {
        c5.read()
        busy()
      })
      return () => {
        for (let i = 0; i < 1000; i++) {
          lib.batch(() => head.write(i))
          assert(c5.read(), 6, 'avoidable')
        }
      }
    },
    broad: (lib) => {
      const head = lib.signal(0)
      let last
      let calls = 0
      for (let i = 0; i < 50; i++) {
        const near = lib.computed(() => head.read() + i)
        const far = lib.computed(() => near.read() + 1)
        lib.effect(() => {
          far.read()
          calls++
        })
        last = far
      }
      return () => {
        calls = 0
        for (let i = 1; i <= 50; i++) {
          lib.batch(() => head.write(i))
          assert(last.read(), i + 50, 'broad')
        }
        lib.batch(() => head.write(0))
        assert(calls, 51 * 50, 'broad calls')
      }
    },
    deep: (lib) => {
      const head = lib.signal(0)
      let tail = head
      for (let i = 0; i < 50; i++) {
        const below = tail
        tail = lib.computed(() => below.read() + 1)
      }
      let calls = 0
      lib.effect(() => {
        tail.read()
        calls++
      })
      return () => {
        calls = 0
        for (let i = 1; i <= 50; i++) {
          lib.batch(() => head.write(i))
          assert(tail.read(), i + 50, 'deep')
        }
        lib.batch(() => head.write(0))
        assert(calls, 51, 'deep calls')
      }
    },
    diamond: (lib) => {
      const head = lib.signal(0)
      const arms = Array.from({ length: 5 }, () => lib.computed(() => head.read() + 1))
      const sum = lib.computed(() => arms.reduce((total, arm) => total + arm.read(), 0))
      let calls = 0
      lib.effect(() => {
        sum.read()
        calls++
      })
      return () => {
        calls = 0
        for (let i = 1; i <= 500; i++) {
          lib.batch(() => head.write(i))
          assert(sum.read(), (i + 1) * 5, 'diamond')
        }
        lib.batch(() => head.write(0))
        assert(calls, 501, 'diamond calls')
      }
    },
    mux: (lib) => {
      const heads = Array.from({ length: 100 }, () => lib.signal(0))
      const all = lib.computed(() => Object.fromEntries(heads.map((head) => head.read()).entries()))
      const split = heads
        .map((_, i) => lib.computed(() => all.read()[i]))
        .map((part) => lib.computed(() => part.read() + 1))
      for (const part of split) lib.effect(() => part.read())
      let round = 0
      return () => {
        round++
        for (let i = 0; i < 10; i++) {
          lib.batch(() => heads[i].write(i + round))
          assert(split[i].read(), i + round + 1, 'mux')
        }
      }
    },
    repeated: (lib) => {
      const head = lib.signal(0)
      const sum = lib.computed(() => {
        let total = 0
        for (let i = 0; i < 30; i++) total += head.read()
        return total
      })
      let calls = 0
      lib.effect(() => {
        sum.read()
        calls++
      })
      return () => {
        calls = 0
        for (let i = 1; i <= 100; i++) {
          lib.batch(() => head.write(i))
          assert(sum.read(), i * 30, 'repeated')
        }
        lib.batch(() => head.write(0))
        assert(calls, 101, 'repeated calls')
      }
    },
    triangle: (lib) => {
      const head = lib.signal(0)
      let tail = head
      const chain = []
      for (let i = 0; i < 10; i++) {
        const below = tail
        chain.push(below)
        tail = lib.computed(() => below.read() + 1)
      }
      const sum = lib.computed(() => chain.reduce((total, node) => total + node.read(), 0))
      let calls = 0
      lib.effect(() => {
        sum.read()
        calls++
      })
      return () => {
        calls = 0
        for (let i = 1; i <= 100; i++) {
          lib.batch(() => head.write(i))
          assert(sum.read(), 45 + i * 10, 'triangle')
        }
        lib.batch(() => head.write(0))
        assert(calls, 101, 'triangle calls')
      }
    },
    unstable: (lib) => {
      const head = lib.signal(0)
      const double = lib.computed(() => head.read() * 2)
      const inverse = lib.computed(() => -head.read())
      const sum = lib.computed(() => {
        let total = 0
        for (let i = 0; i < 20; i++) total += head.read() % 2 ? double.read() : inverse.read()
        return total
      })
      let calls = 0
      lib.effect(() => {
        sum.read()
        calls++
      })
      return () => {
        calls = 0
        for (let i = 1; i <= 100; i++) {
          lib.batch(() => head.write(i))
          assert(sum.read(), i % 2 ? i * 40 : i * -20, 'unstable')
        }
        lib.batch(() => head.write(0))
        assert(calls, 101, 'unstable calls')
      }
    },
  }
}

/** Layers of four cells that swap and combine their neighbours, each with an effect. Building is part of the work. */
function cellx() {
  const of = (layers) => (lib) => () => {
    lib.build(() => {
      const start = [lib.signal(1), lib.signal(2), lib.signal(3), lib.signal(4)]
      let layer = start
      for (let i = 0; i < layers; i++) {
        const [a, b, c, d] = layer
        layer = [
          lib.computed(() => b.read()),
          lib.computed(() => a.read() - c.read()),
          lib.computed(() => b.read() + d.read()),
          lib.computed(() => c.read()),
        ]
        for (const cell of layer) lib.effect(() => cell.read())
        for (const cell of layer) cell.read()
      }
      const before = layer.map((cell) => cell.read())
      lib.batch(() => start.forEach((cell, i) => cell.write(4 - i)))
      const after = layer.map((cell) => cell.read())
      const expected = [simulate(layers, [1, 2, 3, 4]), simulate(layers, [4, 3, 2, 1])]
      assert(JSON.stringify([before, after]), JSON.stringify(expected), 'cellx')
    })
    lib.dispose()
  }
  return { cellx1000: of(1000), cellx2500: of(2500) }
}

function simulate(layers, start) {
  let layer = start
  for (let i = 0; i < layers; i++) {
    const [a, b, c, d] = layer
    layer = [b, a - c, b + d, c]
  }
  return layer
}

/** Rectangles of nodes with random, partly dynamic, dependencies; leaves are read without observers. */
function dynamic() {
  const configurations = [
    { name: '2-10x5 lazy80%', width: 10, staticShare: 1, sources: 2, layers: 5, readShare: 0.2, iterations: 30_000 },
    {
      name: '6-10x10 dyn25% lazy80%',
      width: 10,
      staticShare: 0.75,
      sources: 6,
      layers: 10,
      readShare: 0.2,
      iterations: 8000,
    },
    { name: '4-1000x12 dyn5%', width: 1000, staticShare: 0.95, sources: 4, layers: 12, readShare: 1, iterations: 200 },
    { name: '25-1000x5', width: 1000, staticShare: 1, sources: 25, layers: 5, readShare: 1, iterations: 250 },
    { name: '3-5x500', width: 5, staticShare: 1, sources: 3, layers: 500, readShare: 1, iterations: 250 },
    { name: '6-100x15 dyn50%', width: 100, staticShare: 0.5, sources: 6, layers: 15, readShare: 1, iterations: 800 },
  ]
  return Object.fromEntries(configurations.map((c) => [c.name, (lib) => rectangle(lib, c)]))
}

function rectangle(lib, { width, staticShare, sources, layers, readShare, iterations }) {
  const random = generator(width * 31 + layers)
  const plain = []
  let pulls = 0
  const inputs = Array.from({ length: width }, (_, i) => lib.signal(i))
  let row = inputs
  for (let l = 1; l < layers; l++) {
    const below = row
    row = below.map((_, at) => {
      const reads = Array.from({ length: sources }, (_, k) => below[(at + k) % width])
      if (random() < staticShare) {
        plain.push({ at, fixed: true })
        return lib.computed(() => {
          pulls++
          let sum = 0
          for (const node of reads) sum += node.read()
          return sum
        })
      }
      plain.push({ at, fixed: false })
      const [first, ...rest] = reads
      return lib.computed(() => {
        pulls++
        let sum = first.read()
        const drop = sum & 1 ? sum % rest.length : -1
        for (let i = 0; i < rest.length; i++) if (i !== drop) sum += rest[i].read()
        return sum
      })
    })
  }
  const leaves = row.filter(() => readShare === 1 || random() < readShare)
  if (leaves.length === 0) leaves.push(row[0])
  let round = 0
  const work = () => {
    for (let i = 0; i < iterations; i++) {
      const at = i % width
      lib.batch(() => inputs[at].write(i + at + round))
      for (const leaf of leaves) leaf.read()
    }
    round++
    let sum = 0
    for (const leaf of leaves) sum += leaf.read()
    return sum
  }
  return Object.assign(work, { pulls: () => pulls })
}

/** Creating nodes and updating one source of many, or many sources of one. */
function ladder() {
  const consumers = 1000
  return {
    createInputs: (lib) => () => {
      lib.build(() => {
        // Kept, or a compiler may notice that nothing is made at all.
        const kept = []
        for (let i = 0; i < 20_000; i++) kept.push(lib.signal(i))
        assert(kept.length, 20_000, 'createInputs')
      })
      lib.dispose()
    },
    createDerived: (lib) => () => {
      lib.build(() => {
        for (let i = 0; i < 10_000; i++) {
          const source = lib.signal(i)
          const node = lib.computed(() => source.read())
          lib.effect(() => node.read())
        }
      })
      lib.dispose()
    },
    updateFanOut: (lib) => {
      const head = lib.signal(0)
      for (let i = 0; i < consumers; i++) {
        const node = lib.computed(() => head.read() + i)
        lib.effect(() => node.read())
      }
      let value = 0
      return () => {
        for (let i = 0; i < 20; i++) lib.batch(() => head.write(++value))
      }
    },
    updateFanIn: (lib) => {
      const heads = Array.from({ length: consumers }, (_, i) => lib.signal(i))
      const sum = lib.computed(() => heads.reduce((total, head) => total + head.read(), 0))
      lib.effect(() => sum.read())
      let value = 0
      return () => {
        for (let i = 0; i < 20; i++) lib.batch(() => heads[i].write(++value))
      }
    },
  }
}

function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
