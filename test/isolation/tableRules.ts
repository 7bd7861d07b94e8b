/**
 * What a transaction may do with each row of each table, as the migrations promise it and written down a second time.
 *
 * A table that is not here fails the siege: whoever adds one says what its walls are to do.
 */
import { type Facts, maySee, regionIn } from './facts.ts'
import { mayRead, mayWrite, type Viewer } from './model.ts'

/** In whose name a transaction acts. */
export interface Standing {
  readonly name: string
  readonly role: 'caliber_app' | 'caliber_auditor' | 'caliber_owner'
  /** Undefined for a transaction without claims. */
  readonly viewer: Viewer | undefined
  /** Work of the server itself, for every region of the tenant. */
  readonly reachesAll: boolean
}

/** A row as the superuser sees it. */
export interface StoredRow {
  readonly ctid: string
  readonly tenant_id: string
  readonly id?: string
  readonly region_id?: string | null
  readonly principal_id?: string
  readonly owner_id?: string | null
  readonly regions?: readonly string[]
  /** Of a kept answer: what the session reached that asked. */
  readonly reach?: string
  /** All of it, as JSON. */
  readonly stored: unknown
}

/** Whether something is allowed; the caller has checked that the row is of the claimed tenant. */
type Rule = (standing: Standing & { readonly viewer: Viewer }, row: StoredRow, facts: Facts) => boolean

interface TableRules {
  readonly sees: Rule
  readonly inserts: Rule
  readonly updates: Rule
  readonly deletes: Rule
}

const always: Rule = () => true
const never: Rule = () => false
const wholeTenant: Rule = ({ reachesAll }) => reachesAll

const reads =
  (regionOf: (row: StoredRow) => readonly (string | null | undefined)[]): Rule =>
  ({ viewer, reachesAll }, row, facts) =>
    reachesAll ||
    regionOf(row).every((id) => {
      const region = regionIn(facts, row.tenant_id, id)
      return region !== undefined && mayRead(viewer, region)
    })

const readsItsRegion = reads((row) => [row.region_id])
const writesItsRegion: Rule = ({ viewer, reachesAll }, row, facts) => {
  const region = regionIn(facts, row.tenant_id, row.region_id)
  return reachesAll || (region !== undefined && mayWrite(viewer, region))
}
const keptForIt: Rule = ({ viewer, reachesAll }, row) =>
  reachesAll || (row.principal_id === viewer.principalId && row.reach === (viewer.regions?.join(',') ?? ''))

const isOwnPrincipal: Rule = ({ viewer }, row) => row.principal_id === viewer.principalId

const readsWhatItSetAside: Rule = ({ viewer, reachesAll }, row, facts) =>
  reachesAll || (facts.places.get(row.id ?? '') ?? []).some((place) => maySee(viewer, place, facts))

/** Content of regions. What the application role is not granted at all stays refused whatever its policies say. */
const content: TableRules = { sees: readsItsRegion, inserts: writesItsRegion, updates: writesItsRegion, deletes: never }
const fixed = { inserts: never, updates: never, deletes: never }

export const tableRules: Readonly<Record<string, TableRules>> = {
  trajectory: content,
  scope: content,
  turn: { ...content, updates: never },
  artifact: content,
  artifact_revision: { ...content, updates: never },
  note: content,
  conflict: content,
  lineage: { ...fixed, sees: readsItsRegion },
  erasure: { ...fixed, sees: readsItsRegion },
  quarantine: { ...fixed, sees: readsItsRegion },
  distrust: { ...fixed, sees: readsWhatItSetAside },
  lock: { ...fixed, sees: readsItsRegion },
  lock_share: { ...fixed, sees: readsItsRegion },
  event: { ...fixed, sees: reads((row) => (row.region_id === null ? [] : [row.region_id])) },
  event_head: { ...fixed, sees: always },
  region: {
    ...fixed,
    sees: reads((row) => [row.id]),
    inserts: ({ viewer, reachesAll }, row) => reachesAll || (row.owner_id === viewer.principalId && !viewer.regions),
  },
  region_grant: { sees: wholeTenant, inserts: wholeTenant, updates: wholeTenant, deletes: wholeTenant },
  derivation: { sees: wholeTenant, inserts: never, updates: never, deletes: never },
  embedding: { sees: wholeTenant, inserts: wholeTenant, updates: never, deletes: wholeTenant },
  item_vector: { sees: readsItsRegion, inserts: wholeTenant, updates: never, deletes: wholeTenant },
  model_use: { sees: wholeTenant, inserts: wholeTenant, updates: wholeTenant, deletes: never },
  usage: { sees: wholeTenant, inserts: never, updates: never, deletes: wholeTenant },
  context_window: {
    sees: reads((row) => row.regions ?? []),
    inserts: reads((row) => row.regions ?? []),
    updates: never,
    deletes: wholeTenant,
  },
  idempotency: {
    sees: keptForIt,
    inserts: isOwnPrincipal,
    updates: keptForIt,
    deletes: keptForIt,
  },
  api_key: {
    sees: ({ viewer, reachesAll }, row) => reachesAll || row.id === viewer.principalId,
    inserts: wholeTenant,
    updates: wholeTenant,
    deletes: never,
  },
  identity: { sees: wholeTenant, inserts: wholeTenant, updates: never, deletes: wholeTenant },
  principal: { sees: always, inserts: wholeTenant, updates: wholeTenant, deletes: never },
  tenant: { sees: always, inserts: always, updates: wholeTenant, deletes: never },
}
