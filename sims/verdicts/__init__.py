"""Verdicts: is what theory says what the chains do, and could they have told?"""

from modelcollapse.sims.verdicts.budget import Budget as Budget
from modelcollapse.sims.verdicts.check import NotJudged as NotJudged
from modelcollapse.sims.verdicts.check import Report as Report
from modelcollapse.sims.verdicts.check import check as check
from modelcollapse.sims.verdicts.judge import judge as judge
from modelcollapse.sims.verdicts.judge import refute as refute
from modelcollapse.sims.verdicts.record import Comparison as Comparison
from modelcollapse.sims.verdicts.record import Verdict as Verdict
from modelcollapse.sims.verdicts.verify import verify as verify
