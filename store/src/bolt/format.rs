//! The fixed-size parts of the format, to and from bytes. The drawing is in the parent module.

/// Bytes of a page header.
pub(super) const HEADER_BYTES: usize = 16;
/// Bytes of a leaf or branch element.
pub(super) const ELEMENT_BYTES: usize = 16;
/// Bytes of a bucket's value before an inline page.
pub(super) const BUCKET_BYTES: usize = 16;
/// Bytes of the meta block, checksum included.
pub(super) const META_BYTES: usize = 64;
/// The free list of a file that does not keep one.
pub(super) const NO_FREE_LIST: u64 = u64::MAX;
/// The flag of a leaf element whose value is a bucket.
pub(super) const BUCKET_FLAG: u32 = 1;
/// The first page that is not a meta page.
pub(super) const FIRST_DATA_PAGE: u64 = 2;

const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;
const CHECKSUM_AT: usize = META_BYTES - 8;

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Kind {
    Branch = 1,
    Leaf = 2,
    Meta = 4,
    FreeList = 16,
}

impl Kind {
    fn from_flags(flags: u16) -> Option<Self> {
        match flags {
            1 => Some(Self::Branch),
            2 => Some(Self::Leaf),
            4 => Some(Self::Meta),
            16 => Some(Self::FreeList),
            _ => None,
        }
    }
}

/// The first 16 bytes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) count: u16,
    pub(super) overflow: u32,
}

impl Header {
    pub(super) fn encode(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&self.id.to_le_bytes());
        bytes[8..10].copy_from_slice(&(self.kind as u16).to_le_bytes());
        bytes[10..12].copy_from_slice(&self.count.to_le_bytes());
        bytes[12..].copy_from_slice(&self.overflow.to_le_bytes());
        bytes
    }

    /// Reads a header, or tells why the bytes are none.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < HEADER_BYTES {
            return Err(format!("{} bytes are too few for a page", bytes.len()));
        }
        let flags = u16_at(bytes, 8);
        Ok(Self {
            id: u64_at(bytes, 0),
            kind: Kind::from_flags(flags).ok_or_else(|| format!("unknown page type {flags:#x}"))?,
            count: u16_at(bytes, 10),
            overflow: u32_at(bytes, 12),
        })
    }
}

/// The block in pages 0 and 1 that tells where everything else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) page_size: u32,
    pub(super) root: u64,
    pub(super) free_list: u64,
    /// How many pages are in use: one more than the highest page number.
    pub(super) end: u64,
    pub(super) txid: u64,
}

impl Meta {
    pub(super) fn encode(self) -> [u8; META_BYTES] {
        let mut bytes = [0; META_BYTES];
        bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[4..8].copy_from_slice(&VERSION.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.page_size.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.root.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.free_list.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.end.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.txid.to_le_bytes());
        let checksum = fnv1a(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the meta block of a page, if its magic, version and checksum hold.
    pub(super) fn decode_page(page: &[u8]) -> Option<Self> {
        let bytes = page.get(HEADER_BYTES..HEADER_BYTES + META_BYTES)?;
        let sound = u32_at(bytes, 0) == MAGIC
            && u32_at(bytes, 4) == VERSION
            && u64_at(bytes, CHECKSUM_AT) == fnv1a(&bytes[..CHECKSUM_AT]);
        sound.then(|| Self {
            page_size: u32_at(bytes, 8),
            root: u64_at(bytes, 16),
            free_list: u64_at(bytes, 32),
            end: u64_at(bytes, 40),
            txid: u64_at(bytes, 48),
        })
    }
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
