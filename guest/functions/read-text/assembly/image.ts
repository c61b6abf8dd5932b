/** A decoded image: 8-bit samples, grey (one channel) or RGB (three, interleaved), rows top to bottom without padding. */
export class Image {
  readonly data: StaticArray<u8>

  constructor(
    readonly width: i32,
    readonly height: i32,
    readonly channels: i32,
  ) {
    this.data = new StaticArray<u8>(width * height * channels)
  }
}
