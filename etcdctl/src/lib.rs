//! etcdctl and etcdutl.

pub mod utl;
