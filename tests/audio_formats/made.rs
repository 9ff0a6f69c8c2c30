//! Files made for the tests: WAV, AIFF and Matroska, right and wrong.

/// Whole numbers in the byte order of a container.
pub fn le32(n: u32) -> [u8; 4] {
    n.to_le_bytes()
}

/// A chunk of a RIFF file, padded.
pub fn chunk(id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = [&id[..], &le32(content.len() as u32), content].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// A WAV file of these chunks.
pub fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[&b"WAVE"[..], &chunks.concat()].concat())
}

/// A `fmt ` chunk with 16 bytes.
pub fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let block = channels * bits.div_ceil(8);
    let mut content = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    content.extend(le32(rate));
    content.extend(le32(rate * u32::from(block)));
    content.extend(block.to_le_bytes());
    content.extend(bits.to_le_bytes());
    chunk(b"fmt ", &content)
}

/// A `fmt ` chunk of WAVE_FORMAT_EXTENSIBLE for 16-bit PCM.
pub fn extensible(channels: u16, rate: u32, mask: u32) -> Vec<u8> {
    let mut content = fmt(0xfffe, channels, rate, 16)[8..].to_vec();
    content.extend([22, 0, 16, 0]);
    content.extend(le32(mask));
    content.extend(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    chunk(b"fmt ", &content)
}

/// The samples of 16-bit PCM in a plain WAV file, and its rate. It has one or two channels.
pub struct Pcm {
    pub rate: u32,
    pub channels: u16,
    pub samples: Vec<i16>,
}

impl Pcm {
    pub fn of(wav: &[u8]) -> Pcm {
        let samples = wav[44..].as_chunks::<2>().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
        let rate = u32::from_le_bytes([wav[24], wav[25], wav[26], wav[27]]);
        Pcm { rate, channels: u16::from_le_bytes([wav[22], wav[23]]), samples }
    }

    /// The same sound in `count` channels, left and right in turn.
    pub fn spread(&self, count: u16) -> Pcm {
        let frames = self.samples.chunks_exact(self.channels.into());
        let samples = frames
            .flat_map(|frame| (0..usize::from(count)).map(|i| frame[i % frame.len()]))
            .collect();
        Pcm { rate: self.rate, channels: count, samples }
    }

    /// As many frames as fill `seconds`.
    pub fn cut(mut self, seconds: f64) -> Pcm {
        self.samples
            .truncate((seconds * f64::from(self.rate)) as usize * usize::from(self.channels));
        self
    }

    pub fn le(&self) -> Vec<u8> {
        self.samples.iter().flat_map(|s| s.to_le_bytes()).collect()
    }

    pub fn be(&self) -> Vec<u8> {
        self.samples.iter().flat_map(|s| s.to_be_bytes()).collect()
    }

    pub fn fmt(&self) -> Vec<u8> {
        fmt(1, self.channels, self.rate, 16)
    }

    pub fn wav(&self) -> Vec<u8> {
        riff(&[self.fmt(), chunk(b"data", &self.le())])
    }

    pub fn extensible(&self, mask: u32) -> Vec<u8> {
        riff(&[extensible(self.channels, self.rate, mask), chunk(b"data", &self.le())])
    }

    /// A WAV file whose header says that the form and its sound have these sizes.
    pub fn sized(&self, form: impl Fn(u32) -> u32, data: impl Fn(u32) -> u32) -> Vec<u8> {
        let mut file = self.wav();
        patch(&mut file, 4, |b| le32(form(u32::from_le_bytes(b))));
        patch(&mut file, 40, |b| le32(data(u32::from_le_bytes(b))));
        file
    }

    /// RF64 or BW64: the sizes are in a chunk of their own.
    pub fn rf64(&self, id: &[u8; 4]) -> Vec<u8> {
        let data = self.le();
        let mut sizes = Vec::new();
        for size in [data.len() as u64 + 72, data.len() as u64, self.samples.len() as u64] {
            sizes.extend(size.to_le_bytes());
        }
        sizes.extend(le32(0));
        let mut sound = chunk(b"data", &data);
        sound[4..8].fill(0xff);
        let mut file = riff(&[chunk(b"ds64", &sizes), self.fmt(), sound]);
        file[..4].copy_from_slice(id);
        file[4..8].fill(0xff);
        file
    }

    /// Sony Wave64 whose header says that the sound has this size.
    pub fn wave64(&self, size: impl Fn(u64) -> u64) -> Vec<u8> {
        const TAIL: &[u8] = b"\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";
        let chunk = |id: &[u8; 4], content: &[u8]| {
            let size = (24 + content.len() as u64).to_le_bytes();
            let mut chunk = [&id[..], TAIL, &size, content].concat();
            chunk.resize(chunk.len().next_multiple_of(8), 0);
            chunk
        };
        let data = self.le();
        let mut sound = chunk(b"data", &data);
        sound[16..24].copy_from_slice(&size(24 + data.len() as u64).to_le_bytes());
        let chunks = [chunk(b"fmt ", &self.fmt()[8..]), sound].concat();
        let whole = (40 + chunks.len() as u64).to_le_bytes();
        let riff: &[u8] = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";
        [riff, &whole, b"wave", TAIL, &chunks].concat()
    }

    pub fn rifx(&self) -> Vec<u8> {
        let mut file = b"RIFX\0\0\0\0WAVEfmt \0\0\0\x10\0\x01".to_vec();
        file.extend(self.channels.to_be_bytes());
        file.extend(self.rate.to_be_bytes());
        file.extend([0, 0, 0, 0, 0, 4, 0, 16]);
        file.extend(b"data");
        file.extend((2 * self.samples.len() as u32).to_be_bytes());
        file.extend(self.be());
        file
    }

    /// A WAV file whose LIST/INFO holds a title that claims `more` bytes than there are.
    pub fn with_title(&self, more: u32) -> Vec<u8> {
        let mut list = b"INFOINAM".to_vec();
        list.extend(le32(12 + more));
        list.extend(b"Evening Tram");
        riff(&[self.fmt(), chunk(b"LIST", &list), chunk(b"data", &self.le())])
    }

    /// A WAV file whose LIST claims `size` bytes.
    pub fn with_list(&self, size: u32) -> Vec<u8> {
        let mut list = chunk(b"LIST", b"INFOINAM\x04\0\0\0abc\0");
        list[4..8].copy_from_slice(&le32(size));
        riff(&[self.fmt(), list, chunk(b"data", &self.le())])
    }

    /// A WAV file whose samples are in chunks of these lengths, and the rest in a last one.
    pub fn in_chunks(&self, lengths: &[usize]) -> Vec<u8> {
        let (data, mut at) = (self.le(), 0);
        let mut chunks = vec![self.fmt()];
        for len in lengths {
            chunks.push(chunk(b"data", &data[at..at + len]));
            chunks.push(chunk(b"LIST", b"INFO"));
            at += len;
        }
        chunks.push(chunk(b"data", &data[at..]));
        riff(&chunks)
    }

    /// A CAF file.
    pub fn caf(&self) -> Vec<u8> {
        let mut desc = f64::from(self.rate).to_be_bytes().to_vec();
        desc.extend(b"lpcm\0\0\0\x02");
        for n in [2 * u32::from(self.channels), 1, self.channels.into(), 16] {
            desc.extend(n.to_be_bytes());
        }
        let data = [&[0; 4], &self.le()[..]].concat();
        let chunk = |id: &[u8; 4], content: &[u8]| {
            [&id[..], &(content.len() as u64).to_be_bytes(), content].concat()
        };
        [&b"caff\0\x01\0\0"[..], &chunk(b"desc", &desc), &chunk(b"data", &data)].concat()
    }

    /// A WAV file with a chunk of odd length in front of its sound.
    pub fn with_odd_chunk(&self, padded: bool) -> Vec<u8> {
        let mut odd = chunk(b"junk", b"abc");
        odd.truncate(odd.len() - usize::from(!padded));
        riff(&[self.fmt(), odd, chunk(b"data", &self.le())])
    }

    /// An AIFF file, compressed by `kind` in name only.
    pub fn aiff(&self, kind: Option<&[u8; 4]>) -> Vec<u8> {
        let frames = self.samples.len() as u32 / u32::from(self.channels);
        let mut common = self.channels.to_be_bytes().to_vec();
        common.extend(frames.to_be_bytes());
        common.extend([0, 16]);
        let exponent = self.rate.ilog2();
        common.extend((16_383 + exponent as u16).to_be_bytes());
        common.extend((u64::from(self.rate) << (63 - exponent)).to_be_bytes());
        if let Some(kind) = kind {
            common.extend(kind);
            common.extend([0, 0]);
        }
        let data = if kind == Some(b"sowt") { self.le() } else { self.be() };
        let sound = [&[0; 8], &data[..]].concat();
        let chunk = |id: &[u8; 4], content: &[u8]| {
            [&id[..], &(content.len() as u32).to_be_bytes(), content].concat()
        };
        let form = if kind.is_some() { b"AIFC" } else { b"AIFF" };
        let content = [&form[..], &chunk(b"COMM", &common), &chunk(b"SSND", &sound)].concat();
        chunk(b"FORM", &content)
    }

    /// An AIFF file whose header says that the form and its sound have these sizes.
    pub fn aiff_sized(&self, form: impl Fn(u32) -> u32, sound: impl Fn(u32) -> u32) -> Vec<u8> {
        let mut file = self.aiff(None);
        patch(&mut file, 4, |b| form(u32::from_be_bytes(b)).to_be_bytes());
        patch(&mut file, 42, |b| sound(u32::from_be_bytes(b)).to_be_bytes());
        file
    }
}

fn patch(file: &mut [u8], at: usize, change: impl FnOnce([u8; 4]) -> [u8; 4]) {
    let bytes = change([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    file[at..at + 4].copy_from_slice(&bytes);
}

/// MPEG audio in a WAV file.
pub fn mpeg_in_wav(stream: &[u8], tag: u16) -> Vec<u8> {
    riff(&[fmt(tag, 2, 22_050, 0), chunk(b"data", stream)])
}

/// Any bytes as the samples of a WAV file, 16-bit stereo.
pub fn samples_in_wav(data: &[u8]) -> Vec<u8> {
    riff(&[fmt(1, 2, 44_100, 16), chunk(b"data", data)])
}

/// An MP4 file with its index in front of its sound, which moves.
pub fn faststart(file: &[u8]) -> Vec<u8> {
    let mut boxes = Vec::new();
    let mut rest = file;
    while rest.len() >= 8 {
        let size = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]) as usize;
        boxes.push(&rest[..size]);
        rest = &rest[size..];
    }
    let at = |name: &[u8]| boxes.iter().position(|unit| &unit[4..8] == name).unwrap();
    let mut index = boxes.remove(at(b"moov")).to_vec();
    let offsets = index.windows(4).position(|name| name == b"stco").unwrap() + 8;
    let moved = index.len() as u32;
    let count = u32::from_be_bytes([0, 0, index[offsets + 2], index[offsets + 3]]) as usize;
    for i in 1..=count {
        patch(&mut index, offsets + 4 * i, |b| (u32::from_be_bytes(b) + moved).to_be_bytes());
    }
    boxes.insert(1, &index);
    boxes.concat()
}

/// The frames of an MP3 stream of 22.05 kHz.
pub fn mp3_frames(stream: &[u8]) -> Vec<&[u8]> {
    const KBPS: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let mut frames = Vec::new();
    let mut rest = stream;
    while let [0xff, _, c, ..] = *rest {
        let len = 72_000 * KBPS[usize::from(c >> 4)] / 22_050 + usize::from(c >> 1 & 1);
        let Some((frame, next)) = rest.split_at_checked(len) else { break };
        frames.push(frame);
        rest = next;
    }
    frames
}

/// How the blocks of a Matroska track are packed.
#[derive(Clone, Copy, PartialEq)]
pub enum Packing {
    None,
    Zlib,
    Stripped,
    Lzo,
    Encrypted,
}

/// A track of a Matroska file.
pub struct Track<'a> {
    pub frames: Vec<&'a [u8]>,
    pub default: bool,
    pub packing: Packing,
}

/// A Matroska file of MP3 tracks.
pub fn matroska(tracks: &[Track]) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut blocks: Vec<(usize, Vec<u8>)> = Vec::new();
    for (i, track) in tracks.iter().enumerate() {
        let number = [i as u8 + 1];
        let audio = [element(0xb5, &22_050f32.to_be_bytes()), element(0x9f, &[2])].concat();
        let entry = [
            element(0xd7, &number),
            element(0x73c5, &number),
            element(0x83, &[2]),
            element(0x88, &[track.default.into()]),
            element(0x86, b"A_MPEG/L3"),
            element(0xe1, &audio),
            encodings(track.packing),
        ];
        entries.push(element(0xae, &entry.concat()));
        for (n, frame) in track.frames.iter().enumerate() {
            let ms = (n as f64 * 576_000.0 / 22_050.0) as u16;
            let [a, b] = ms.to_be_bytes();
            let block = [&[0x81 + i as u8, a, b, 0x80], &packed(frame, track.packing)[..]].concat();
            blocks.push((n, element(0xa3, &block)));
        }
    }
    blocks.sort_by_key(|(n, _)| *n);
    let blocks: Vec<u8> = blocks.into_iter().flat_map(|(_, block)| block).collect();
    let info = [
        element(0x2ad7b1, &1_000_000u32.to_be_bytes()),
        element(0x4d80, b"soundalike"),
        element(0x5741, b"soundalike"),
    ];
    let segment = [
        element(0x1549a966, &info.concat()),
        element(0x1654ae6b, &entries.concat()),
        element(0x1f43b675, &[element(0xe7, &[0]), blocks].concat()),
    ];
    let header = [element(0x4282, b"matroska"), element(0x4287, &[4]), element(0x4285, &[2])];
    [element(0x1a45dfa3, &header.concat()), element(0x18538067, &segment.concat())].concat()
}

fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
    [&id[..], &(content.len() as u32 | 0x1000_0000).to_be_bytes(), content].concat()
}

fn encodings(packing: Packing) -> Vec<u8> {
    let algorithm = |n: u8| element(0x4254, &[n]);
    let content = match packing {
        Packing::None => return Vec::new(),
        Packing::Zlib => element(0x5034, &algorithm(0)),
        Packing::Lzo => element(0x5034, &algorithm(2)),
        Packing::Stripped => element(0x5034, &[algorithm(3), element(0x4255, &[0xff])].concat()),
        Packing::Encrypted => element(0x5033, &[1]),
    };
    element(0x6d80, &element(0x6240, &content))
}

fn packed(frame: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Stripped => frame[1..].to_vec(),
        Packing::Zlib => {
            // One stored block of DEFLATE in a zlib stream.
            let len = frame.len() as u16;
            let mut stream = vec![0x78, 0x01, 1];
            stream.extend(len.to_le_bytes());
            stream.extend((!len).to_le_bytes());
            stream.extend(frame);
            let (a, b) = frame.iter().fold((1u32, 0u32), |(a, b), byte| {
                let a = (a + u32::from(*byte)) % 65_521;
                (a, (b + a) % 65_521)
            });
            stream.extend((b << 16 | a).to_be_bytes());
            stream
        }
        _ => frame.to_vec(),
    }
}
