//! Who is here: each person once, however many tabs are open. Two who are here have different names.

use crate::store::Person;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Online(BTreeMap<i64, Entry>);

struct Entry {
    nickname: String,
    sockets: usize,
}

/// What the others notice when a socket enters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Somebody came, or has another name.
    Seen,
    /// One more tab of somebody who is here.
    Unseen,
    /// Somebody else has the name.
    NameTaken,
}

/// What the others notice when a socket leaves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Gone,
    StillHere,
}

impl Online {
    /// Counts one more socket of this person.
    pub(crate) fn enter(&mut self, person: &Person) -> Entrance {
        if self.is_taken(&person.nickname, Some(person.id)) {
            return Entrance::NameTaken;
        }
        let entry = self.0.entry(person.id).or_insert_with(|| Entry { nickname: String::new(), sockets: 0 });
        entry.sockets += 1;
        if entry.nickname == person.nickname {
            return Entrance::Unseen;
        }
        entry.nickname.clone_from(&person.nickname);
        Entrance::Seen
    }

    /// Counts one socket less.
    pub(crate) fn leave(&mut self, id: i64) -> Exit {
        let Some(entry) = self.0.get_mut(&id) else { return Exit::Gone };
        entry.sockets -= 1;
        if entry.sockets > 0 {
            return Exit::StillHere;
        }
        self.0.remove(&id);
        Exit::Gone
    }

    /// Whether somebody other than `by` has this name, or one that differs in upper and lower case only.
    pub(crate) fn is_taken(&self, nickname: &str, by: Option<i64>) -> bool {
        let folded = nickname.to_lowercase();
        self.0.iter().any(|(&id, entry)| Some(id) != by && entry.nickname.to_lowercase() == folded)
    }

    /// Everybody, in the order of their ids.
    pub(crate) fn list(&self) -> Vec<Person> {
        self.0.iter().map(|(&id, entry)| Person { id, nickname: entry.nickname.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: i64, nickname: &str) -> Person {
        Person { id, nickname: nickname.to_owned() }
    }

    #[test]
    fn a_person_is_here_from_the_first_socket_to_the_last() {
        let mut online = Online::default();
        assert_eq!(online.enter(&person(1, "Ada")), Entrance::Seen);
        assert_eq!(online.enter(&person(1, "Ada")), Entrance::Unseen);
        assert_eq!(online.enter(&person(2, "Grace")), Entrance::Seen);
        assert_eq!(online.list(), [person(1, "Ada"), person(2, "Grace")]);
        assert_eq!(online.leave(1), Exit::StillHere);
        assert_eq!(online.leave(1), Exit::Gone);
        assert_eq!(online.list(), [person(2, "Grace")]);
    }

    #[test]
    fn a_name_belongs_to_whoever_is_here_with_it() {
        let mut online = Online::default();
        online.enter(&person(1, "Ada"));
        assert_eq!(online.enter(&person(2, "ADA")), Entrance::NameTaken);
        assert_eq!(online.enter(&person(1, "Countess")), Entrance::Seen);
        assert_eq!(online.enter(&person(2, "Ada")), Entrance::Seen);
        online.leave(2);
        assert!(!online.is_taken("ada", None));
        assert!(online.is_taken("COUNTESS", None) && !online.is_taken("COUNTESS", Some(1)));
    }
}
