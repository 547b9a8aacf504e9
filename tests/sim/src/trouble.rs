//! What goes wrong.

/// Something that begins or ends.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The next thing, which the run's chance decides.
    Next,
    /// Members are started and ended as the cluster decided.
    Membership,
    /// A member that stood still goes on.
    Resume(u64),
    /// A member loses its power for a moment.
    Flicker(u64),
    /// Cut links are mended.
    Mend,
    /// A disk is as fast as before.
    FastDisk(u64),
    /// A disk has room again.
    RoomyDisk(u64),
}
