//! One run: the streams, the flags, and the way to a client.

use std::io::{Read as _, Write as _};

use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::client::{Action, Answer, Client, Error, keys};
use super::fault::{self, BAD_CONNECTION, SERVER};
use super::flag::Set;
use super::globals;
use super::print;
use crate::Env;
use crate::exit::{Done, Failure};
use crate::flag::lossy;
use crate::io::Io;

/// What every command starts with.
pub(super) struct Session<'a> {
    pub(super) io: &'a mut Io,
    pub(super) env: &'a Env,
    /// The flags before the command.
    pub(super) globals: Set,
    /// The command's own flags and its arguments.
    pub(super) flags: Set,
    pub(super) runtime: Runtime,
}

impl<'a> Session<'a> {
    /// A run whose command is not found yet.
    pub(super) fn new(io: &'a mut Io, env: &'a Env, globals: Set) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            io,
            env,
            globals,
            flags: Set::new(Vec::new()),
            runtime,
        })
    }

    /// `--output`.
    pub(super) fn format(&self) -> String {
        lossy(&self.globals.text("output"))
    }

    /// A client of the endpoints given.
    pub(super) fn client(&mut self) -> Result<Client, Failure> {
        match self.try_client() {
            Ok(client) => Ok(client),
            Err(why) => fault::plain(self.io, &why),
        }
    }

    fn try_client(&mut self) -> Result<Client, String> {
        let endpoints = globals::endpoints(&self.globals, self.env, self.io, &self.runtime)?;
        let secure = globals::secure(&self.globals, self.env)?;
        let login = globals::login(&self.globals, self.env, self.io)?;
        let patience = globals::patience(&self.globals);
        let is_debug = self.globals.switch("debug");
        Ok(Client::new(endpoints, secure, login, patience, is_debug))
    }

    /// A client of all members, as the endpoints given name them.
    pub(super) fn connect(&mut self) -> Result<Client, Failure> {
        let mut client = self.client()?;
        if !self.globals.switch("no-sync") {
            self.sync(&mut client)?;
        }
        self.show_endpoints(&client)?;
        Ok(client)
    }

    /// [`Session::connect`] for users and roles, where the endpoints are told once more.
    pub(super) fn connect_for_auth(&mut self) -> Result<Client, Failure> {
        let client = self.connect()?;
        self.show_endpoints(&client)?;
        Ok(client)
    }

    /// With `--debug` the endpoints are told.
    pub(super) fn show_endpoints(&mut self, client: &Client) -> Done {
        if client.is_debug {
            let endpoints = client.endpoints_joined(", ");
            writeln!(self.io.stderr, "Cluster-Endpoints: {endpoints}")?;
        }
        Ok(())
    }

    fn sync(&mut self, client: &mut Client) -> Done {
        if client.is_debug {
            let given = client.endpoints_joined(",");
            let err = &mut self.io.stderr;
            writeln!(err, "start to sync cluster using endpoints({given})")?;
        }
        let deadline = self.deadline();
        let synced = client.sync(Some(deadline), &mut *self.io.stderr);
        match self.runtime.block_on(synced) {
            Err(why @ Error::NoEndpoints) => {
                let given = client.endpoints_joined(",");
                writeln!(
                    self.io.stderr,
                    "etcd cluster has no published client endpoints.\n\
                     Try '--no-sync' if you want to access non-published client endpoints({given})."
                )?;
                return fault::refused(self.io, SERVER, &why);
            }
            Err(why) if why.is_of_connection() => {
                return fault::refused(self.io, BAD_CONNECTION, &why);
            }
            // Whatever else it was, the command itself will meet it again, or can do without.
            Ok(()) | Err(_) => {}
        }
        if client.is_debug {
            let found = client.endpoints_joined(",");
            writeln!(self.io.stderr, "got endpoints({found}) after sync")?;
        }
        Ok(())
    }

    /// When a command that starts now has to be done.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + globals::total(&self.globals)
    }

    /// One request, to the first member that answers.
    pub(super) fn request(
        &mut self,
        client: &mut Client,
        action: &Action,
        deadline: Option<Instant>,
    ) -> Result<Answer, Error> {
        let request = client.request(action, deadline, &mut *self.io.stderr);
        self.runtime.block_on(request)
    }

    /// A request, if one could be made, and what is read from its answer.
    pub(super) fn exchange<T>(
        &mut self,
        client: &mut Client,
        deadline: Instant,
        action: Result<Action, Error>,
        read: impl FnOnce(&Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let answer = self.request(client, &action?, Some(deadline))?;
        read(&answer)
    }

    /// One request about keys; that it fails ends the command.
    pub(super) fn ask(
        &mut self,
        client: &mut Client,
        action: Action,
    ) -> Result<keys::Response, Failure> {
        let deadline = self.deadline();
        let response = self.exchange(client, deadline, Ok(action), keys::response);
        match response {
            Ok(response) => Ok(response),
            Err(why) => fault::refused(self.io, SERVER, &why),
        }
    }

    /// One request about keys, and its answer in the format that is asked for.
    pub(super) fn ask_and_show(&mut self, client: &mut Client, action: Action) -> Done {
        let response = self.ask(client, action)?;
        let format = self.format();
        print::response(self.io, &format, &response)
    }

    /// What a request gave, if it gave something; else the command fails with nothing but the text.
    pub(super) fn accept<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Failure> {
        match outcome {
            Ok(given) => Ok(given),
            Err(why) => fault::plain(self.io, &why.to_string()),
        }
    }

    /// The first argument, which has to be there.
    pub(super) fn key(&mut self) -> Result<Vec<u8>, Failure> {
        match self.flags.args.first() {
            Some(key) => Ok(key.clone()),
            None => fault::said(self.io, fault::BAD_ARGS, "key required"),
        }
    }

    /// The second argument, or else all of stdin, which must not be empty then.
    pub(super) fn value(&mut self) -> Result<Vec<u8>, Failure> {
        if let Some(value) = self.flags.args.get(1) {
            return Ok(value.clone());
        }
        let mut value = Vec::new();
        let read = self.io.stdin.read_to_end(&mut value);
        match read.is_ok() && !value.is_empty() {
            true => Ok(value),
            false => fault::said(self.io, fault::BAD_ARGS, "value required"),
        }
    }
}
