"""Who may do what, told by act: the table that the roles are measured against."""

POLICY = """
unit.see                        own             cell_committee political_centre
unit.see                        below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board provincial_standing
                                                mass_organisation inspector
unit.change                     below           provincial_board
figures.see                     own             cell_committee
figures.see                     below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board provincial_standing inspector
figures.export                  own             cell_committee
figures.export                  below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board provincial_standing inspector
fact.see                        own             cell_committee
fact.see                        below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board provincial_standing inspector
fact.export                     below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board
target.see                      own             cell_committee
target.see                      below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board provincial_standing inspector
target.issue                    below           district_board commune_committee bloc_committee
                                                provincial_board provincial_standing
count.see                       below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board inspector
count.record                    below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board
candidacy.see                   own             cell_committee
candidacy.see                   named/mentor    mentor
candidacy.see                   below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board inspector
candidacy.see                   below/referral  provincial_board provincial_standing
candidacy.see                   below/referrer  mass_organisation
candidacy.see                   named/self      candidate
candidacy.read                  own             cell_committee
candidacy.read                  named/mentor    mentor
candidacy.read                  below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee inspector
candidacy.read                  below/referral  provincial_board provincial_standing
candidacy.read                  named/self      candidate
candidacy.export                below           grassroots_committee district_board
                                                commune_committee bloc_committee
candidacy.nominate              own             cell_committee
candidacy.nominate              below           grassroots_committee
candidacy.certify               below           grassroots_committee
candidacy.apply                 own             cell_committee
candidacy.seal                  below           grassroots_committee
candidacy.ask_verification      below           grassroots_committee
candidacy.note_verification     below           grassroots_committee
candidacy.vote                  own             cell_committee
candidacy.receive               below           district_board commune_committee bloc_committee
candidacy.return                below           district_board commune_committee bloc_committee
candidacy.conclude              below           district_standing commune_committee
                                                bloc_committee
candidacy.extend                below           grassroots_committee district_standing
                                                commune_committee bloc_committee
candidacy.decide                below           grassroots_committee district_standing
                                                commune_committee bloc_committee
candidacy.decide                below/referral  provincial_standing
candidacy.refuse                below           grassroots_committee district_standing
                                                commune_committee bloc_committee
candidacy.refuse                below/referral  provincial_standing
candidacy.receive_decision      own             cell_committee
candidacy.receive_decision      below           grassroots_committee
candidacy.consent_late_ceremony below           district_standing commune_committee
                                                bloc_committee
candidacy.hold_ceremony         own             cell_committee
candidacy.recognise             below           district_standing commune_committee
                                                bloc_committee
candidacy.strike_off            below           district_standing commune_committee
                                                bloc_committee
candidacy.accept_resignation    below           district_standing commune_committee
                                                bloc_committee
candidacy.record_death          own             cell_committee
candidacy.record_death          below           grassroots_committee
candidacy.withdraw              own             cell_committee
candidacy.withdraw              below           grassroots_committee
candidacy.correct               own             cell_committee
candidacy.correct               below           grassroots_committee district_board
                                                commune_committee bloc_committee
candidacy.retract               below           grassroots_committee district_board
                                                commune_committee bloc_committee
person.see                      own             cell_committee
person.see                      below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee inspector
person.see                      named/self      candidate
person.read                     own             cell_committee
person.read                     below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee inspector
person.read                     named/self      candidate
person.change                   own             cell_committee
person.change                   below           grassroots_committee district_board
                                                commune_committee bloc_committee
class.see                       below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board inspector
class.see                       own             political_centre
class.export                    own             political_centre
class.open                      own             political_centre
class.enrol                     own             political_centre
class.withdraw                  own             political_centre
class.record_result             own             political_centre
class.close                     own             political_centre
class.issue_certificate         own             political_centre
class.correct                   own             political_centre
learner.see                     own             cell_committee
learner.see                     below           section_committee grassroots_committee
                                                district_board commune_committee bloc_committee
                                                inspector
learner.see                     own/centre      political_centre
learner.read                    own/centre      political_centre
learner.read                    below           inspector
verification.see                own             cell_committee
verification.see                below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee inspector
verification.read               below           grassroots_committee district_board
                                                district_standing commune_committee
                                                bloc_committee inspector
verification.request            below           grassroots_committee
verification.reply              below           grassroots_committee
verification.supplement         below           grassroots_committee
verification.waive              below           grassroots_committee
verification.close              below           grassroots_committee
request.see                     below           grassroots_committee
request.see                     own/addressee   residence_committee verifying_committee
request.read                    own/addressee   verifying_committee
request.reply                   own/addressee   residence_committee verifying_committee
task.see                        own             cell_committee political_centre
task.see                        below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board inspector
task.settle                     below           grassroots_committee district_board
                                                commune_committee bloc_committee
history.see                     own             cell_committee
history.see                     below           section_committee grassroots_committee
                                                district_board district_standing
                                                commune_committee bloc_committee
                                                provincial_board inspector auditor
import.see                      below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board
import.preview                  below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board
import.commit                   below           grassroots_committee district_board
                                                commune_committee bloc_committee
                                                provincial_board
ledger.see                      any             auditor
ledger.verify                   any             auditor
ledger.export                   any             auditor
reads.see                       any             auditor
reads.see                       named/self      candidate
rules.see                       any             provincial_board
rules.propose                   any             provincial_board
rules.approve                   any             provincial_board
account.see                     any             operator
account.change                  any             operator
installation.see                any             operator
installation.change             any             operator
"""


def who_may() -> dict[str, list[tuple[str, str, str]]]:
    """Return by `kind.act` the roles, their reach and the link that is measured."""
    table: dict[str, list[tuple[str, str, str]]] = {}
    act = reach = ""
    for line in POLICY.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            act, reach, *words = words
        how, _, through = reach.partition("/")
        table.setdefault(act, []).extend((role, how, through or "unit") for role in words)
    return table
