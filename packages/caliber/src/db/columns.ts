/**
 * How each entity is read: its columns under the entity's own names, shared by every statement that returns it.
 *
 * What may live in another region (a parent, the sources of a note, the turns of an artifact) is named by its own row: row
 * security decides there, and whoever may not read the row does not see its id. What an entity names besides lives in
 * its own region; foreign keys hold it there. Such a row is looked up as a value: `exists` may be planned as a table of all
 * rows of the tenant, made anew for each row that is read.
 */
import { fragment } from './sql.ts'

export const trajectoryColumns = fragment`
  id as "trajectoryId", region_id as "regionId",
  (select parent.id from caliber.trajectory parent
   where parent.tenant_id = trajectory.tenant_id and parent.id = trajectory.parent_id) as "parentId",
  name, goal, status, outcome, version, created_by as "createdBy", created_at as "createdAt", updated_at as "updatedAt"`

export const scopeColumns = fragment`
  id as "scopeId", region_id as "regionId", trajectory_id as "trajectoryId", name, purpose, budget_tokens as "budgetTokens", status,
  turn_count as "turnCount", used_tokens as "usedTokens", version, created_at as "createdAt", closed_at as "closedAt"`

export const turnColumns = fragment`
  id as "turnId", scope_id as "scopeId", sequence, role, content, tool_calls as "toolCalls",
  tool_results as "toolResults", token_count as "tokenCount", trust, encode(digest, 'hex') as digest,
  said_at as "saidAt"`

/** Of `artifact a` joined with `artifact_revision r`. */
export const artifactColumns = fragment`
  a.id as "artifactId", a.region_id as "regionId", a.trajectory_id as "trajectoryId", a.type, a.name, r.revision, a.revision as "latestRevision",
  r.content, encode(r.digest, 'hex') as digest, r.token_count as "tokenCount",
  jsonb_set(r.provenance, '{sourceTurnIds}', (
    select coalesce(jsonb_agg(made_from.id order by made_from.place), '[]')
    from jsonb_array_elements_text(r.provenance -> 'sourceTurnIds') with ordinality as made_from (id, place)
    where (select t.id from caliber.turn t where t.tenant_id = r.tenant_id and t.id = made_from.id::uuid) is not null)) as provenance,
  r.trust, r.created_by as "createdBy", r.created_at as "createdAt"`

export const noteColumns = fragment`
  id as "noteId", region_id as "regionId", trajectory_id as "trajectoryId", type, subject, content, level, confidence, trust, pinned,
  valid_from as "validFrom", valid_until as "validUntil",
  (select coalesce(jsonb_agg(made_from.item order by made_from.place), '[]')
   from jsonb_array_elements(note.sources) with ordinality as made_from (item, place)
   where coalesce(
     (select t.id from caliber.turn t where t.tenant_id = note.tenant_id and t.id = (made_from.item ->> 'id')::uuid),
     (select a.id from caliber.artifact a where a.tenant_id = note.tenant_id and a.id = (made_from.item ->> 'id')::uuid),
     (select n.id from caliber.note n where n.tenant_id = note.tenant_id and n.id = (made_from.item ->> 'id')::uuid)
   ) is not null) as sources,
  token_count as "tokenCount",
  encode(digest, 'hex') as digest, status, superseded_by as "supersededBy", reason, version,
  recorded_by as "recordedBy", recorded_at as "recordedAt"`

export const conflictColumns = fragment`
  id as "conflictId", region_id as "regionId", older_id as "olderId", newer_id as "newerId", finding, status, strategy, reason, version,
  found_at as "foundAt", resolved_at as "resolvedAt"`

export const eventColumns = fragment`
  seq, kind, subject_id as "subjectId", region_id as "regionId",
  case kind when 'trajectory.started' then
    data || jsonb_build_object('parentId', (
      select parent.id from caliber.trajectory parent
      where parent.tenant_id = event.tenant_id and parent.id = (event.data ->> 'parentId')::uuid))
  else data end as data,
  principal_id as "principalId", at`

export const regionColumns = fragment`
  id as "regionId", name, kind, write_rule as "writeRule", owner_id as "ownerId", created_at as "createdAt"`

export const principalColumns = fragment`
  id as "principalId", kind, name, rights, disabled_at as "disabledAt", created_at as "createdAt"`

export const keyColumns = fragment`
  id as "keyId", principal_id as "principalId", parent_id as "parentId", name, rights, regions,
  created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`

/** Of `tenant t` joined with `event_head h`. */
export const tenantColumns = fragment`
  t.tenant_id as "tenantId", t.name, t.suspended_at as "suspendedAt", coalesce(h.items, 0) as items,
  coalesce(h.bytes, 0) as bytes, t.max_items as "maxItems", t.max_bytes as "maxBytes", t.model_tokens_per_day as "modelTokensPerDay",
  t.turn_retention_days as "turnRetentionDays", t.note_retention_days as "noteRetentionDays", t.created_at as "createdAt"`
