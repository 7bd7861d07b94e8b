/**
 * One adapter per library: `signal`, `computed`, `effect`, `batch`, `build`, `dispose`.
 *
 * Every adapter creates its read and write closures once per node and allocates nothing per call, so
 * that each library pays the same for being called through it.
 */
export const adapters = {
  async talos() {
    const { createGraph } = await import('../../packages/talos/dist/index.js')
    let graph = createGraph()
    let scope
    return {
      signal: (value) => {
        const node = graph.input(value)
        return { read: () => node.get(), write: (next) => node.set(next) }
      },
      computed: (fn) => {
        const node = graph.derived(fn)
        return { read: () => node.get() }
      },
      effect: (fn) => {
        graph.effect(() => {
          fn()
        })
      },
      batch: (fn) => graph.batch(fn),
      build: (fn) => {
        graph = createGraph()
        let result
        scope = graph.scope(() => {
          result = fn()
        })
        return result
      },
      dispose: () => scope.dispose(),
    }
  },

  async alien() {
    const { signal, computed, effect, effectScope, startBatch, endBatch } = await import('alien-signals')
    let stop
    return {
      signal: (value) => {
        const node = signal(value)
        return { read: () => node(), write: (next) => node(next) }
      },
      computed: (fn) => {
        const node = computed(fn)
        return { read: () => node() }
      },
      effect: (fn) => {
        effect(() => {
          fn()
        })
      },
      batch: (fn) => {
        startBatch()
        try {
          fn()
        } finally {
          endBatch()
        }
      },
      build: (fn) => {
        let result
        stop = effectScope(() => {
          result = fn()
        })
        return result
      },
      dispose: () => stop(),
    }
  },

  async preact() {
    const { signal, computed, effect, batch } = await import('@preact/signals-core')
    let stops = []
    return {
      signal: (value) => {
        const node = signal(value)
        return {
          read: () => node.value,
          write: (next) => {
            node.value = next
          },
        }
      },
      computed: (fn) => {
        const node = computed(fn)
        return { read: () => node.value }
      },
      effect: (fn) => {
        stops.push(
          effect(() => {
            fn()
          }),
        )
      },
      batch,
      build: (fn) => fn(),
      dispose: () => {
        for (const stop of stops) stop()
        stops = []
      },
    }
  },

  async mobx() {
    const { observable, computed, autorun, runInAction, configure } = await import('mobx')
    configure({ enforceActions: 'never' })
    let stops = []
    return {
      signal: (value) => {
        const node = observable.box(value, { deep: false })
        return { read: () => node.get(), write: (next) => node.set(next) }
      },
      computed: (fn) => {
        const node = computed(fn)
        return { read: () => node.get() }
      },
      effect: (fn) => {
        stops.push(
          autorun(() => {
            fn()
          }),
        )
      },
      batch: (fn) => runInAction(fn),
      build: (fn) => fn(),
      dispose: () => {
        for (const stop of stops) stop()
        stops = []
      },
    }
  },

  async reactively() {
    const { Reactive, stabilize } = await import('@reactively/core')
    return {
      signal: (value) => {
        const node = new Reactive(value)
        return { read: () => node.get(), write: (next) => node.set(next) }
      },
      computed: (fn) => {
        const node = new Reactive(fn)
        return { read: () => node.get() }
      },
      effect: (fn) => {
        new Reactive(fn, true).get()
      },
      batch: (fn) => {
        fn()
        stabilize()
      },
      build: (fn) => fn(),
      dispose: () => {},
    }
  },
}
