/** Explaining a graph: why nodes ran, what they cost, what they look like, and whether they are sound. */
export { type CheckReport, check } from './check.ts'
export { type Picture, type PictureNode, picture, toDot, toHtml, toMermaid } from './explain/picture.ts'
export { type Plan, plan } from './explain/plan.ts'
export { type Profile, type ProfileRow, profile, type Why } from './explain/profile.ts'
