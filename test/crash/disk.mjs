/**
 * A disk that remembers what it was promised: recorded effects go in, the directories that a power cut could leave come out.
 *
 * POSIX promises little, and this disk keeps no more than that:
 *   - what a file holds is safe when the file was synced; until then each 512 B or 4 KiB sector of each write may be on
 *     the disk or not, and so may each change of its size
 *   - a name is safe when the directory that holds it was synced; until then each name made, moved or removed may be there
 *     or not, whatever became of the others. Moving a name inside one directory happens as a whole.
 * A write inside a sector happens as a whole: Postgres counts on that for pg_control, and disks promise it.
 */
import fs from 'node:fs'
import path from 'node:path'

export class Disk {
  #root = new Directory()
  #descriptors = new Map()
  #begun = new Map()

  /** Take over a directory that has been on the disk for long. */
  adopt(directory) {
    this.#root = readDirectory(directory)
  }

  /** The program that had the descriptors is gone. What it wrote and did not sync is still only in memory. */
  closeAll() {
    this.#descriptors.clear()
    this.#begun.clear()
  }

  apply(entry, bytes) {
    switch (entry.op) {
      case 'open': {
        if (entry.make && !this.#at(entry.path)) this.#link(entry.path, new File())
        const node = this.#at(entry.path)
        if (!node) return
        if (entry.empty) node.change({ size: 0 })
        this.#descriptors.set(entry.fd, { node, position: 0, append: entry.append })
        return
      }
      case 'close':
        this.#descriptors.delete(entry.fd)
        return
      case 'write': {
        const descriptor = this.#descriptors.get(entry.fd)
        if (!descriptor) return
        const at = descriptor.append ? descriptor.node.size : (entry.position ?? descriptor.position)
        descriptor.node.change({ at, bytes })
        if (entry.position === null) descriptor.position = at + bytes.length
        return
      }
      case 'put': {
        if (!this.#at(entry.path)) this.#link(entry.path, new File())
        const file = this.#at(entry.path)
        file.change({ size: 0 })
        file.change({ at: 0, bytes })
        if (entry.sync) file.sync()
        return
      }
      case 'resize': {
        const node = entry.path === undefined ? this.#descriptors.get(entry.fd)?.node : this.#at(entry.path)
        node?.change({ size: entry.size })
        return
      }
      case 'begin':
        this.#begun.set(entry.begin, this.#descriptors.get(entry.fd)?.node.pending.length)
        return
      case 'sync':
        this.#descriptors.get(entry.fd)?.node.sync(this.#begun.get(entry.begin))
        this.#begun.delete(entry.begin)
        return
      case 'mkdir': {
        const parts = entry.path.split('/')
        for (let depth = 1; depth <= parts.length; depth += 1) {
          const place = parts.slice(0, depth).join('/')
          if (!this.#at(place)) this.#link(place, new Directory())
        }
        return
      }
      case 'rename':
        this.#rename(entry.from, entry.to)
        return
      case 'remove':
        this.#at(path.dirname(entry.path)).change({ remove: path.basename(entry.path) })
        return
      default:
        throw new Error(`The record holds an unknown effect: ${entry.op}`)
    }
  }

  /** Write what the cut leaves to an empty directory. @param luck decides about everything that was not synced */
  leave(directory, luck) {
    leaveDirectory(this.#root, directory, luck)
  }

  /** Where a directory differs from this disk as running programs see it: empty when the record is complete. */
  differences(directory) {
    return differencesOf(this.#root, readDirectory(directory), '')
  }

  #at(place) {
    let node = this.#root
    for (const name of place === '.' ? [] : place.split('/')) node = node?.now.get(name)
    return node
  }

  #link(place, node) {
    this.#at(path.dirname(place)).change({ add: path.basename(place), node })
  }

  #rename(from, to) {
    const [source, target] = [path.dirname(from), path.dirname(to)].map((place) => this.#at(place))
    const node = this.#at(from)
    if (source === target) return source.change({ move: path.basename(from), to: path.basename(to) })
    target.change({ add: path.basename(to), node })
    source.change({ remove: path.basename(from) })
  }
}

/**
 * What a cut decides by: seeded coins, one for sectors of data, one for names, one for changes of size.
 *
 * @param shares of what was not synced that survive, 0..1
 */
export function luckOf(random, { data01, names01, sizes01, sectorBytes }) {
  return {
    said: `data ${data01}, names ${names01}, sizes ${sizes01}, sectors of ${sectorBytes}`,
    sectorBytes,
    data: () => random.chance(data01),
    name: () => random.chance(names01),
    size: () => random.chance(sizes01),
  }
}

/** Shares anew for every cut, so that all shades between all and nothing occur. */
export function drawLuck(random) {
  const share01 = () => random.pick([0, 0.1, 0.5, 0.9, 1])
  const sectorBytes = random.pick([512, 4_096])
  return luckOf(random, { data01: share01(), names01: share01(), sizes01: share01(), sectorBytes })
}

/** Everything happens to be on the disk: what the end of the program alone leaves. */
export const allKept = { sectorBytes: 4_096, data: () => true, name: () => true, size: () => true }

class File {
  safe
  /** As running programs see it. */
  size
  /** Changes since the last sync: `{ at, bytes }` or `{ size }`. */
  pending = []

  constructor(bytes) {
    this.safe = new Content(bytes)
    this.size = this.safe.size
  }

  change(change) {
    this.size = 'size' in change ? change.size : Math.max(this.size, change.at + change.bytes.length)
    this.pending.push(change)
  }

  sync(count = this.pending.length) {
    for (const change of this.pending.splice(0, count)) applyWhole(this.safe, change)
  }

  left({ sectorBytes, data, size }) {
    const content = this.safe.copy()
    for (const change of this.pending) {
      if ('size' in change) {
        if (size()) content.resize(change.size)
        continue
      }
      const end = change.at + change.bytes.length
      if (end > content.size && size()) content.resize(end)
      for (let at = change.at; at < end; ) {
        const next = Math.min(end, (Math.floor(at / sectorBytes) + 1) * sectorBytes)
        if (data()) content.write(at, change.bytes.subarray(at - change.at, next - change.at))
        at = next
      }
    }
    return content.bytes()
  }
}

class Directory {
  safe = new Map()
  /** As running programs see it. */
  now = new Map()
  /** Changes since the last sync: `{ add, node }`, `{ remove }` or `{ move, to }`. */
  pending = []

  change(change) {
    changeNames(this.now, change)
    this.pending.push(change)
  }

  sync(count = this.pending.length) {
    for (const change of this.pending.splice(0, count)) changeNames(this.safe, change)
  }

  left({ name }) {
    const names = new Map(this.safe)
    for (const change of this.pending) if (name()) changeNames(names, change)
    return names
  }
}

/** Bytes that grow; what was never written reads as zeros. */
class Content {
  #room
  size

  constructor(bytes = Buffer.alloc(0)) {
    this.#room = bytes
    this.size = bytes.length
  }

  resize(size) {
    if (size > this.#room.length) {
      const wider = Buffer.alloc(Math.max(size, 2 * this.#room.length))
      this.#room.copy(wider, 0, 0, this.size)
      this.#room = wider
    }
    if (size < this.size) this.#room.fill(0, size, this.size)
    this.size = size
  }

  write(at, bytes) {
    if (at + bytes.length > this.size) this.resize(at + bytes.length)
    bytes.copy(this.#room, at)
  }

  copy() {
    return new Content(Buffer.from(this.bytes()))
  }

  bytes() {
    return this.#room.subarray(0, this.size)
  }
}

function applyWhole(content, change) {
  if ('size' in change) content.resize(change.size)
  else content.write(change.at, change.bytes)
}

/** A change that another one was needed for, and did not make it to the disk, has no effect. */
function changeNames(names, change) {
  if ('add' in change) names.set(change.add, change.node)
  else if ('remove' in change) names.delete(change.remove)
  else if (names.has(change.move)) {
    names.set(change.to, names.get(change.move))
    names.delete(change.move)
  }
}

function leaveDirectory(directory, place, luck) {
  for (const [name, node] of directory.left(luck)) {
    const inside = path.join(place, name)
    if (node instanceof File) {
      fs.writeFileSync(inside, node.left(luck), { mode: 0o600 })
    } else {
      fs.mkdirSync(inside, { mode: 0o700 })
      leaveDirectory(node, inside, luck)
    }
  }
}

/** Regular files and directories; sockets do not survive a cut. */
function readDirectory(place) {
  const directory = new Directory()
  for (const entry of fs.readdirSync(place, { withFileTypes: true })) {
    const inside = path.join(place, entry.name)
    if (entry.isDirectory()) directory.safe.set(entry.name, readDirectory(inside))
    else if (entry.isFile()) directory.safe.set(entry.name, new File(fs.readFileSync(inside)))
  }
  directory.now = new Map(directory.safe)
  return directory
}

function differencesOf(one, other, place) {
  const names = new Set([...one.now.keys(), ...other.now.keys()])
  return [...names].flatMap((name) => {
    const [a, b] = [one.now.get(name), other.now.get(name)]
    const inside = path.join(place, name)
    if (a instanceof Directory && b instanceof Directory) return differencesOf(a, b, inside)
    return a instanceof File && b instanceof File && a.left(allKept).equals(b.left(allKept)) ? [] : [inside]
  })
}
