/** Persistence and sharing: an entry of its own because it needs Node's crypto and file system. */
export { decode, digest, encode } from './persist/codec.ts'
export { type LoadReport, load } from './persist/load.ts'
export { type SaveReport, type StoreOptions, save } from './persist/save.ts'
export { type ShareEvent, type ShareOptions, share } from './persist/share.ts'
export { type Files, fileStore } from './store/files.ts'
export { memoryStore } from './store/memory.ts'
export { type SqliteDatabase, sqliteStore } from './store/sqlite.ts'
export type { Store } from './store/store.ts'
