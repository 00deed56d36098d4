//! What is said of a server of PostgreSQL to who looks for what is wrong.

use tokio_postgres::Row;

use super::fault::Done;
use super::tx::{Tx, sql};
use crate::cluster::Finding;
use crate::cluster::store::stored::corrupt;

/// What there is to know, in one row.
const LOOK: &str = "SELECT current_setting('server_version'), pg_is_in_recovery(),
    current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    current_setting('max_connections')::bigint,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
    inet_client_addr() IS NULL OR inet_client_addr() = inet_server_addr(),
    coalesce((SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'versions'
        AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
            AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))), '')";

/// What the server says of itself and of who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    version: String,
    is_standby: bool,
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    connections: i64,
    max_connections: i64,
    is_encrypted: bool,
    is_on_this_machine: bool,
    /// The tables that who asks may not read and write.
    forbidden: String,
}

pub(super) async fn examine(tx: &mut Tx<'_>) -> Done<Vec<Finding>> {
    let row = tx.one(sql!(LOOK)).await?;
    let row = row.ok_or_else(|| corrupt("the server", "it says nothing of itself"))?;
    Ok(Server::read(&row)?.findings())
}

impl Server {
    fn read(row: &Row) -> Done<Self> {
        Ok(Self {
            version: row.try_get(0)?,
            is_standby: row.try_get(1)?,
            fsync: row.try_get(2)?,
            full_page_writes: row.try_get(3)?,
            synchronous_commit: row.try_get(4)?,
            connections: row.try_get(5)?,
            max_connections: row.try_get(6)?,
            is_encrypted: row.try_get(7)?,
            is_on_this_machine: row.try_get(8)?,
            forbidden: row.try_get(9)?,
        })
    }

    fn findings(&self) -> Vec<Finding> {
        vec![
            self.version(),
            self.permissions(),
            self.durability(),
            self.room(),
            self.encryption(),
        ]
    }

    fn version(&self) -> Finding {
        const WHAT: &str = "store: version";
        let said = format!("PostgreSQL {}", self.version);
        if self.is_standby {
            let said = format!("{said}, a standby");
            let advice = "nothing can be written there: name the primary, or all of them with \
                          `target_session_attrs=read-write` in the URL";
            return Finding::problem(WHAT, said, advice);
        }
        Finding::fine(WHAT, said)
    }

    fn permissions(&self) -> Finding {
        const WHAT: &str = "store: permissions";
        if self.forbidden.is_empty() {
            return Finding::fine(WHAT, "all tables may be read and written");
        }
        Finding::problem(
            WHAT,
            format!("this user may not read and write {}", self.forbidden),
            "let the owner grant SELECT, INSERT, UPDATE and DELETE on all tables of the schema to it",
        )
    }

    fn durability(&self) -> Finding {
        const WHAT: &str = "store: durability";
        let (fsync, commit) = (&self.fsync, &self.synchronous_commit);
        let said = format!(
            "fsync {fsync}, full_page_writes {}, synchronous_commit {commit}",
            self.full_page_writes
        );
        if fsync == "off" || self.full_page_writes == "off" {
            let advice = "a crash of the machine may leave the database broken: set both to `on`";
            return Finding::problem(WHAT, said, advice);
        }
        if commit == "off" || commit == "local" {
            let advice = "a crash may cost the commits of the last moments, which were said to be safe: set \
                          `synchronous_commit` to `on`";
            return Finding::warning(WHAT, said, advice);
        }
        Finding::fine(WHAT, said)
    }

    fn room(&self) -> Finding {
        const WHAT: &str = "store: connections";
        let said = format!("{} of {}", self.connections, self.max_connections);
        if self.connections * 10 > self.max_connections * 8 {
            let advice = "raise `max_connections`, give processes fewer, or put a pooler with sessions of its own \
                          in between";
            return Finding::warning(WHAT, said, advice);
        }
        Finding::fine(WHAT, said)
    }

    fn encryption(&self) -> Finding {
        const WHAT: &str = "store: encryption";
        if self.is_encrypted {
            return Finding::fine(WHAT, "by TLS");
        }
        if self.is_on_this_machine {
            return Finding::fine(WHAT, "none, on this machine");
        }
        Finding::warning(
            WHAT,
            "none, over the network",
            "whoever sits in between reads payloads: turn on TLS in the server, and write `sslmode=verify-full` in \
             the URL",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Severity;

    fn well() -> Server {
        Server {
            version: "17.6".into(),
            is_standby: false,
            fsync: "on".into(),
            full_page_writes: "on".into(),
            synchronous_commit: "on".into(),
            connections: 80,
            max_connections: 100,
            is_encrypted: true,
            is_on_this_machine: false,
            forbidden: String::new(),
        }
    }

    fn worst(server: &Server) -> Option<Severity> {
        let findings = server.findings();
        findings.iter().map(|finding| finding.severity).max()
    }

    #[test]
    fn each_thing_that_is_wrong_is_seen() {
        assert_eq!(worst(&well()), Some(Severity::Fine));
        let changed = |change: fn(&mut Server)| {
            let mut server = well();
            change(&mut server);
            worst(&server)
        };
        let problem = Some(Severity::Problem);
        assert_eq!(changed(|server| server.is_standby = true), problem);
        assert_eq!(changed(|server| server.fsync = "off".into()), problem);
        assert_eq!(
            changed(|server| server.full_page_writes = "off".into()),
            problem
        );
        assert_eq!(changed(|server| server.forbidden = "nodes".into()), problem);
        let warning = Some(Severity::Warning);
        assert_eq!(
            changed(|server| server.synchronous_commit = "off".into()),
            warning
        );
        assert_eq!(changed(|server| server.connections = 81), warning);
        assert_eq!(changed(|server| server.is_encrypted = false), warning);
        let here = changed(|server| {
            server.is_encrypted = false;
            server.is_on_this_machine = true;
        });
        assert_eq!(here, Some(Severity::Fine));
    }
}
