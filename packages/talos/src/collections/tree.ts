/**
 * Persistent ordered map: every change gives a new map that shares all but O(log n) with the old one.
 *
 * A treap whose priorities are a hash of the key, so equal contents have equal shape whatever the
 * history, and comparing two versions skips everything they share: cost follows the change, not the
 * size. Keys are numbers (in numeric order, first) and strings (by code unit).
 */
export type Key = string | number

export interface Tree<K extends Key, V> {
  readonly key: K
  readonly value: V
  readonly priority: number
  readonly left: Tree<K, V> | undefined
  readonly right: Tree<K, V> | undefined
  readonly size: number
}

export type Root<K extends Key, V> = Tree<K, V> | undefined

export function get<K extends Key, V>(root: Root<K, V>, key: K): V | undefined {
  return find(root, key)?.value
}

export function has<K extends Key, V>(root: Root<K, V>, key: K): boolean {
  return find(root, key) !== undefined
}

export function set<K extends Key, V>(root: Root<K, V>, key: K, value: V): Root<K, V> {
  const known = find(root, key)
  if (known !== undefined) return Object.is(known.value, value) ? root : replace(root as Tree<K, V>, key, value)
  const [left, right] = split(root, key)
  const single = { key, value, priority: hash(key), left: undefined, right: undefined, size: 1 }
  return join(join(left, single), right)
}

export function remove<K extends Key, V>(root: Root<K, V>, key: K): Root<K, V> {
  if (root === undefined || !has(root, key)) return root
  const order = compare(key, root.key)
  if (order === 0) return join(root.left, root.right)
  return order < 0 ? node(root, remove(root.left, key), root.right) : node(root, root.left, remove(root.right, key))
}

export function* entries<K extends Key, V>(root: Root<K, V>): Generator<[K, V]> {
  const path: Tree<K, V>[] = []
  for (let at = root; at !== undefined || path.length > 0; ) {
    if (at !== undefined) {
      path.push(at)
      at = at.left
      continue
    }
    const top = path.pop() as Tree<K, V>
    yield [top.key, top.value]
    at = top.right
  }
}

/** Call `visit` for each key whose entry differs; a side without the key is `undefined`. */
export function diff<K extends Key, V>(
  before: Root<K, V>,
  after: Root<K, V>,
  visit: (key: K, before: Tree<K, V> | undefined, after: Tree<K, V> | undefined) => void,
): void {
  if (before === after) return
  const pivot = after ?? (before as Tree<K, V>)
  const [leftBefore, rightBefore, sameBefore] = around(before, pivot.key)
  const [leftAfter, rightAfter, sameAfter] = around(after, pivot.key)
  diff(leftBefore, leftAfter, visit)
  if (sameBefore === undefined || sameAfter === undefined || !Object.is(sameBefore.value, sameAfter.value))
    visit(pivot.key, sameBefore, sameAfter)
  diff(rightBefore, rightAfter, visit)
}

function find<K extends Key, V>(root: Root<K, V>, key: K): Root<K, V> {
  let at = root
  while (at !== undefined) {
    const order = compare(key, at.key)
    if (order === 0) return at
    at = order < 0 ? at.left : at.right
  }
  return undefined
}

/** What lies left and right of a key, and its own entry. Reuses the node if the key is at the root. */
function around<K extends Key, V>(root: Root<K, V>, key: K): [Root<K, V>, Root<K, V>, Root<K, V>] {
  if (root !== undefined && compare(root.key, key) === 0) return [root.left, root.right, root]
  const [left, right] = split(root, key)
  return [left, right, find(root, key)]
}

/** Everything below a key, and everything above it; the key itself is in neither. */
function split<K extends Key, V>(root: Root<K, V>, key: K): [Root<K, V>, Root<K, V>] {
  if (root === undefined) return [undefined, undefined]
  const order = compare(key, root.key)
  if (order === 0) return [root.left, root.right]
  if (order < 0) {
    const [left, right] = split(root.left, key)
    return [left, node(root, right, root.right)]
  }
  const [left, right] = split(root.right, key)
  return [node(root, root.left, left), right]
}

/** Concatenate, every key on the left being smaller. */
function join<K extends Key, V>(left: Root<K, V>, right: Root<K, V>): Root<K, V> {
  if (left === undefined) return right
  if (right === undefined) return left
  return outranks(left, right)
    ? node(left, left.left, join(left.right, right))
    : node(right, join(left, right.left), right.right)
}

function replace<K extends Key, V>(root: Tree<K, V>, key: K, value: V): Tree<K, V> {
  const order = compare(key, root.key)
  if (order === 0) return { ...root, value }
  return order < 0
    ? node(root, replace(root.left as Tree<K, V>, key, value), root.right)
    : node(root, root.left, replace(root.right as Tree<K, V>, key, value))
}

function node<K extends Key, V>(top: Tree<K, V>, left: Root<K, V>, right: Root<K, V>): Tree<K, V> {
  if (left === top.left && right === top.right) return top
  return { ...top, left, right, size: 1 + (left?.size ?? 0) + (right?.size ?? 0) }
}

function outranks<K extends Key, V>(left: Tree<K, V>, right: Tree<K, V>): boolean {
  return left.priority === right.priority ? compare(left.key, right.key) < 0 : left.priority > right.priority
}

function compare(left: Key, right: Key): number {
  if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1
  return left < right ? -1 : left > right ? 1 : 0
}

/** FNV-1a over the text, then mixed: neighbouring keys must not get neighbouring priorities. */
function hash(key: Key): number {
  const text = typeof key === 'number' ? `#${key}` : key
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) >>> 0
}
