/** Read an option that counts something. @throws TypeError for anything but a whole number from 1 to `largest` */
export function wholeNumber(option: string, text: string, largest: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= largest) return number
  throw new TypeError(`${option} takes whole numbers from 1 to ${largest}, not ${text}`)
}
