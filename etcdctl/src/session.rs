//! One run: the streams, the environment, the found command; and the step from flags to a connected
//! client.

use std::io::Write;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tonic::Status;

use crate::client::{Client, Method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::globals::Globals;
use crate::io::Io;
use crate::print::{self, Printer};
use crate::{Env, environment};

/// What every command starts with.
pub(crate) struct Session<'a> {
    pub(crate) io: &'a mut Io,
    pub(crate) env: &'a Env,
    /// The whole command line, the program's name excluded.
    pub(crate) argv: Vec<Vec<u8>>,
    /// Flags with `ETCDCTL_*` variables for the found command.
    pub(crate) inherited: Vec<&'static Flag>,
    /// The command is `watch`, which has two variables of its own.
    pub(crate) is_watch: bool,
}

impl Session<'_> {
    /// Applies the environment, checks the global flags and makes the client; nothing is dialled
    /// yet.
    pub(crate) fn open(&mut self, flags: &mut Parsed) -> Result<Context<'_>, Failure> {
        environment::apply(self, flags)?;
        let globals = Globals::read(flags, self.io)?;
        let printer = print::select(&globals.format, globals.hex)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Context {
            client: Client::new(globals.clone(), self.io.clock),
            io: self.io,
            env: self.env,
            globals,
            printer,
            runtime,
        })
    }

    /// [`Session::open`], then logs in if a user was named.
    pub(crate) fn connect(&mut self, flags: &mut Parsed) -> Result<Context<'_>, Failure> {
        let mut context = self.open(flags)?;
        context.log_in()?;
        Ok(context)
    }
}

/// What a server's refusal, or its silence, is to a command.
pub(crate) fn refused(why: Status) -> Failure {
    Failure::new(exit::ERROR, status::text(&why))
}

/// A command with its client.
pub(crate) struct Context<'a> {
    pub(crate) io: &'a mut Io,
    pub(crate) env: &'a Env,
    pub(crate) globals: Globals,
    pub(crate) client: Client,
    pub(crate) printer: Box<dyn Printer>,
    pub(crate) runtime: Runtime,
}

impl Context<'_> {
    /// Checks that there is something to connect to, and logs in.
    pub(crate) fn log_in(&mut self) -> Done {
        self.globals.check()?;
        let login = self.client.log_in(&mut *self.io.stderr);
        let outcome = self.runtime.block_on(login);
        outcome.map_err(|why| Failure::new(exit::BAD_CONNECTION, status::text(&why)))
    }

    /// Talks to one endpoint from here on.
    pub(crate) fn switch_to(&mut self, endpoint: &str) -> Done {
        self.client = self.client.at(endpoint);
        self.log_in()
    }

    /// Nanoseconds since `start`.
    pub(crate) fn since(&self, start: Instant) -> i64 {
        let passed = (self.io.clock.monotonic)().saturating_duration_since(start);
        i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX)
    }

    /// `--command-timeout`.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        Some(self.globals.command_timeout)
    }

    /// One unary call, retried as its method allows.
    pub(crate) fn call<Q, R>(
        &mut self,
        method: &Method<Q, R>,
        request: Q,
        timeout: Option<Duration>,
    ) -> Result<R, Status>
    where
        Q: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        let call = self
            .client
            .unary(method, request, timeout, &mut *self.io.stderr);
        self.runtime.block_on(call)
    }

    /// [`Context::call`] with the command's timeout, its error in etcdctl's words and with exit
    /// code 1.
    pub(crate) fn ask<Q, R>(&mut self, method: &Method<Q, R>, request: Q) -> Result<R, Failure>
    where
        Q: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        self.call(method, request, self.timeout()).map_err(refused)
    }

    /// [`Context::ask`] without a time-out: calls about users and roles have none.
    pub(crate) fn ask_patiently<Q, R>(
        &mut self,
        method: &Method<Q, R>,
        request: Q,
    ) -> Result<R, Failure>
    where
        Q: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        self.call(method, request, None).map_err(refused)
    }

    /// [`Context::ask_patiently`] of another cluster.
    pub(crate) fn ask_of<Q, R>(
        &mut self,
        client: &mut Client,
        method: &Method<Q, R>,
        request: Q,
    ) -> Result<R, Failure>
    where
        Q: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        let call = client.unary(method, request, None, &mut *self.io.stderr);
        self.runtime.block_on(call).map_err(refused)
    }

    /// Prints a reply.
    pub(crate) fn print(&mut self, how: impl FnOnce(&dyn Printer, &mut dyn Write) -> Done) -> Done {
        how(&*self.printer, &mut self.io.stdout)
    }
}
