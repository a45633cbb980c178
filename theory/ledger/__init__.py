"""The ledger: every theorem, with its rows, sources and status."""

from modelcollapse.theory.ledger.bibliography import cite as cite
from modelcollapse.theory.ledger.theorem import COMPARISONS_PER_ROW as COMPARISONS_PER_ROW
from modelcollapse.theory.ledger.theorem import LEDGER as LEDGER
from modelcollapse.theory.ledger.theorem import Row as Row
from modelcollapse.theory.ledger.theorem import Theorem as Theorem
from modelcollapse.theory.ledger.theorem import find as find
from modelcollapse.theory.ledger.theorem import theorem as theorem
from modelcollapse.theory.ledger.where import Where as Where
from modelcollapse.theory.ledger.wrong import Wrong as Wrong
from modelcollapse.theory.ledger.wrong import ahead as ahead
from modelcollapse.theory.ledger.wrong import behind as behind
from modelcollapse.theory.ledger.wrong import fewer_draws as fewer_draws
from modelcollapse.theory.ledger.wrong import half_exponent as half_exponent
from modelcollapse.theory.ledger.wrong import more_draws as more_draws
from modelcollapse.theory.ledger.wrong import off_by_one as off_by_one
from modelcollapse.theory.ledger.wrong import other_estimator as other_estimator
from modelcollapse.theory.ledger.wrong import scaled as scaled
