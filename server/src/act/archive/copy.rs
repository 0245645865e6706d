//! Moving bytes between a transcript and its archive, in bounded memory.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use rustix::fs::{Advice, fadvise};

const BUFFER: usize = 256 << 10;
/// The usual trade of gzip: twice as fast as 9 for a few per cent of size.
const LEVEL: u32 = 6;

/// Which side failed.
#[derive(Debug)]
pub(super) enum Fault {
    Archive(io::Error),
    Target(io::Error),
}

/// Compresses all of `source`; gzip adds its own checksum.
pub(super) fn compress(mut source: &File, target: &File) -> io::Result<()> {
    source.rewind()?;
    let mut encoder = GzEncoder::new(
        BufWriter::with_capacity(BUFFER, target),
        Compression::new(LEVEL),
    );
    io::copy(&mut BufReader::with_capacity(BUFFER, source), &mut encoder)?;
    encoder
        .finish()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    Ok(())
}

/// Decompresses all of `archive`, to its last checksum.
pub(super) fn decompress(mut archive: &File, target: &File) -> Result<(), Fault> {
    archive.rewind().map_err(Fault::Archive)?;
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, archive));
    let mut target = BufWriter::with_capacity(BUFFER, target);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = decoder.read(&mut buffer).map_err(Fault::Archive)?;
        let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        target.write_all(chunk).map_err(Fault::Target)?;
    }
    target.flush().map_err(Fault::Target)
}

pub(super) fn plain(mut source: &File, mut target: &File) -> io::Result<()> {
    source.rewind()?;
    io::copy(&mut source, &mut target)?;
    Ok(())
}

/// Returns whether `archive` holds exactly what `source` holds. What was just written is read from the disk, as far as
/// the kernel follows the advice, and not from memory.
pub(super) fn same(source: &File, archive: &File) -> io::Result<bool> {
    fadvise(archive, 0, None, Advice::DontNeed)?;
    let (equal, more) = compare(source, archive)?;
    Ok(equal && !more)
}

/// Returns whether `source` begins with all that `archive` holds.
pub(super) fn begins_with(source: &File, archive: &File) -> io::Result<bool> {
    compare(source, archive).map(|(equal, _)| equal)
}

/// Returns whether `source` begins with all that `archive` holds, and whether it goes on after that.
fn compare(mut source: &File, mut archive: &File) -> io::Result<(bool, bool)> {
    source.rewind()?;
    archive.rewind()?;
    let mut source = BufReader::with_capacity(BUFFER, source);
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, archive));
    let mut ours = vec![0; BUFFER];
    let mut theirs = vec![0; BUFFER];
    loop {
        let count = decoder.read(&mut theirs)?;
        let (Some(theirs), Some(ours)) = (theirs.get(..count), ours.get_mut(..count)) else {
            return Ok((false, false));
        };
        if count == 0 {
            let more = source.read(&mut [0])? > 0;
            return Ok((true, more));
        }
        match source.read_exact(ours) {
            Ok(()) if ours == theirs => {}
            Ok(()) => return Ok((false, false)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok((false, false));
            }
            Err(error) => return Err(error),
        }
    }
}
