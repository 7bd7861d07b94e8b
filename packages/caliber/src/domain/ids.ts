/**
 * Ids are UUIDv7 strings made by the server.
 *
 * The noun is part of the type, so a note's id cannot be passed where a turn's is asked for; a plain string from a
 * parsed request or a row fits any of them.
 */
export type Id<Noun extends string> = string & { readonly noun?: Noun }

export type TenantId = Id<'tenant'>
export type PrincipalId = Id<'principal'>
export type TrajectoryId = Id<'trajectory'>
export type ScopeId = Id<'scope'>
export type TurnId = Id<'turn'>
export type ArtifactId = Id<'artifact'>
export type NoteId = Id<'note'>
export type ConflictId = Id<'conflict'>
export type RegionId = Id<'region'>
export type KeyId = Id<'key'>
