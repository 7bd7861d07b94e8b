/** Saved graphs as tools for people open them: the command line is built on this, and so is the inspector. */
export { type Failing, LiveGraph, type Place } from './stored/liveGraph.ts'
export { type OpenStore, openStore } from './stored/openStore.ts'
export { ENTRY_OPTIONS, ENTRY_USAGE, type EntryOptions, openEntry, StoredEntry } from './stored/storedEntry.ts'
export {
  type Branch,
  type Direction,
  StoredGraph,
  type StoredNode,
  type StoredWhy,
  type Tree,
} from './stored/storedGraph.ts'
