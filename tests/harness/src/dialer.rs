//! Who dialled a connection: the kernel knows which process owns the other end.
//!
//! A TCP connection on this machine stands in `/proc/net/tcp` twice, once for each end, with the
//! number of the socket that is that end; and `/proc/<pid>/fd` lists the sockets of a process. So a
//! proxy that all members dial can tell them apart without their help.

#[cfg(test)]
mod tests;

use std::fs;
use std::net::SocketAddrV4;

/// Which of `processes` owns the end of a connection whose own address is `local` and whose other
/// end is `remote`.
pub(crate) fn find(local: SocketAddrV4, remote: SocketAddrV4, processes: &[u32]) -> Option<u32> {
    let socket = socket_of(&fs::read_to_string("/proc/net/tcp").ok()?, local, remote)?;
    let wanted = format!("socket:[{socket}]");
    let owns = |pid: &&u32| {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            return false;
        };
        // A descriptor can be closed meanwhile.
        let mut targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        targets.any(|target| target.as_os_str() == wanted.as_str())
    };
    processes.iter().find(owns).copied()
}

/// The number of the socket in a table like `/proc/net/tcp`:
///
/// ```text
///   sl  local_address rem_address   st tx_queue:rx_queue tr:when retrnsmt uid timeout inode ...
///    0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 123456 ...
/// ```
fn socket_of(table: &str, local: SocketAddrV4, remote: SocketAddrV4) -> Option<u64> {
    let (local, remote) = (in_table(local), in_table(remote));
    let row = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.len() > 9 && fields[1] == local && fields[2] == remote).then(|| fields[9].parse())
    });
    // The ends of connections that are over have no socket any more: 0.
    row?.ok().filter(|socket| *socket != 0)
}

/// An address as the table writes it: the bytes of the address in this machine's order.
fn in_table(address: SocketAddrV4) -> String {
    let ip = u32::from_ne_bytes(address.ip().octets());
    format!("{ip:08X}:{:04X}", address.port())
}
