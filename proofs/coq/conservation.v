(* What every pooled regime conserves: replace, accumulate, subsample, fresh, fixed real, mixture.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   Generation t >= 1 is fitted to N_t draws. Draw i has, in expectation, the statistic of an earlier
   model: of model s with weight src t i s, s < t, weights that sum to one (one weight of 1 for a draw
   from model s; several for a draw taken at random from a pool). The draws may depend on one another
   in any way. Ex is a linear functional, as in variance.v. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import variance.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma conserved_algebra (R : realFieldType) (a S s mu : R) : a != 0 ->
  (S - a * s ^+ 2) / a + (s - mu) ^+ 2 = (S + (- (2%:R * mu) * (a * s) + a * mu ^+ 2)) / a.
Proof. by move=> a0; field. Qed.

Section Pooled.
Variables (R : realFieldType) (W : Type) (Ex : (W -> R) -> R).
Hypothesis E : expectation Ex.
Variables (N : nat -> nat) (src : nat -> nat -> nat -> R).
Hypothesis N_gt0 : forall t, (0 < t)%N -> (0 < N t)%N.
Hypothesis src_one : forall t i, (0 < t)%N -> (i < N t)%N -> \sum_(s < t) src t i s = 1.

(* The mean of any statistic is a martingale under every pooled regime: if E Y_{t,i} = sum_s
   src_{t,i,s} E eta_s and eta_t is the mean of Y_{t,i} over the N_t draws, then E eta_t = eta_0.
   Ledger: categorical_pooled_frequency, gaussian_mean_is_unbiased. *)
Theorem pooled_martingale (Y : nat -> nat -> W -> R) (eta : nat -> W -> R) (eta0 : R) :
  (forall w, eta 0%N w = eta0) ->
  (forall t w, (0 < t)%N -> eta t w = (\sum_(i < N t) Y t i w) / (N t)%:R) ->
  (forall t i, (0 < t)%N -> (i < N t)%N -> Ex (Y t i) = \sum_(s < t) (src t i s * Ex (eta s))) ->
  forall t, Ex (eta t) = eta0.
Proof.
move=> start fit model t; elim/ltn_ind: t => [[_|t IH]].
  by rewrite (Ex_ext E start) Ex_const.
have nR : (N t.+1)%:R != 0 :> R by rewrite pnatr_eq0 -lt0n N_gt0.
rewrite (@Ex_ext _ _ _ E _ (fun w => (N t.+1)%:R^-1 * \sum_(i < N t.+1) Y t.+1 i w)) => [|w].
  rewrite Ex_scale // Ex_sum // (eq_bigr (fun=> eta0)) => [|i _].
    by rewrite sumr_const card_ord (natE _ eta0) mulKf.
  rewrite model // (eq_bigr (fun s : 'I_t.+1 => eta0 * src t.+1 i s)) => [|s _].
    by rewrite -big_distrr /= src_one // mulr1.
  by rewrite IH // mulrC.
by rewrite fit // mulrC.
Qed.

(* Conservation: with maximum likelihood on any pool, E v_t + E (m_t - mu)^2 = sigma^2 at every t,
   if every draw has E (X - mu)^2 = sum_s src_s E (v_s + (m_s - mu)^2) and v_0 + (m_0 - mu)^2 = sigma^2.
   Ledger: gaussian_conservation. *)
Theorem pooled_conservation (X : nat -> nat -> W -> R) (m v : nat -> W -> R) (mu sigma2 : R) :
  (forall w, v 0%N w + (m 0%N w - mu) ^+ 2 = sigma2) ->
  (forall t w, (0 < t)%N -> m t w = sample_mean (X t) (N t) w) ->
  (forall t w, (0 < t)%N -> v t w = sample_variance (N t)%:R (X t) (N t) w) ->
  (forall t i, (0 < t)%N -> (i < N t)%N -> Ex (fun w => (X t i w - mu) ^+ 2)
     = \sum_(s < t) (src t i s * Ex (fun w => v s w + (m s w - mu) ^+ 2))) ->
  forall t, Ex (v t) + Ex (fun w => (m t w - mu) ^+ 2) = sigma2.
Proof.
move=> start fit_m fit_v model t; rewrite -Ex_add //.
apply: (pooled_martingale (Y := fun t i w => (X t i w - mu) ^+ 2)
  (eta := fun t w => v t w + (m t w - mu) ^+ 2)) => // {}t w t0.
have nR : (N t)%:R != 0 :> R by rewrite pnatr_eq0 -lt0n N_gt0.
rewrite fit_v // fit_m // /sample_variance sum_squares ?N_gt0 //.
set s := sample_mean _ _ _.
have sE : \sum_(i < N t) X t i w = (N t)%:R * s by rewrite /s /sample_mean mulrC divfK.
rewrite [in RHS](eq_bigr (fun i : 'I_(N t) => X t i w * X t i w + (- (2%:R * mu) * X t i w + mu ^+ 2))).
  rewrite !big_split -big_distrr /= sE sumr_const card_ord (natE _ (mu ^+ 2)).
  move: nR; move: (\sum_(i < _) _) => S; exact: conserved_algebra.
by move=> i _; ring.
Qed.

(* The distance to the truth: with W2^2 = (m_t - mu)^2 + (d_t - sigma)^2 and d_t^2 = v_t,
   E (W2^2 + 2 sigma d_t) = 2 sigma^2 whenever E v_t + E (m_t - mu)^2 = sigma^2.
   Ledger: gaussian_w2_balance. *)
Theorem w2_balance (m v d : W -> R) (mu sigma : R) :
  (forall w, d w ^+ 2 = v w) -> Ex v + Ex (fun w => (m w - mu) ^+ 2) = sigma ^+ 2 ->
  Ex (fun w => ((m w - mu) ^+ 2 + (d w - sigma) ^+ 2) + 2%:R * sigma * d w) = 2%:R * sigma ^+ 2.
Proof.
move=> dv H; rewrite (@Ex_ext _ _ _ E _ (fun w => (v w + (m w - mu) ^+ 2) + sigma ^+ 2)) => [|w].
  by rewrite Ex_add // Ex_add // H Ex_const //; ring.
by rewrite -dv; ring.
Qed.

(* Cross-entropy of an exponential family with constant base measure, c + sum_j l_j eta_{t,j}, its
   natural parameters l those of the truth: its mean is the truth's entropy, so that
   E (H(p_t) + KL(p_t || p_0)) = H(p_0) under every pooled regime.
   Ledger: entropy_balance. *)
Theorem cross_entropy_balance (J : finType) (Y : nat -> J -> nat -> W -> R)
  (eta : nat -> J -> W -> R) (eta0 l : J -> R) (c : R) (entropy divergence : nat -> W -> R) :
  (forall j w, eta 0%N j w = eta0 j) ->
  (forall t j w, (0 < t)%N -> eta t j w = (\sum_(i < N t) Y t j i w) / (N t)%:R) ->
  (forall t j i, (0 < t)%N -> (i < N t)%N ->
     Ex (Y t j i) = \sum_(s < t) (src t i s * Ex (eta s j))) ->
  (forall t w, entropy t w + divergence t w = c + \sum_j (l j * eta t j w)) ->
  forall t, Ex (fun w => entropy t w + divergence t w) = c + \sum_j (l j * eta0 j).
Proof.
move=> start fit model balance t; rewrite (Ex_ext E (balance t)) Ex_add // Ex_const // Ex_sum //.
congr (_ + _); apply: eq_bigr => j _; rewrite Ex_scale //; congr (_ * _).
by apply: (pooled_martingale (Y := fun t => Y t j) (eta := fun t => eta t j)) => //;
  move=> *; rewrite ?fit ?model.
Qed.

End Pooled.

Print Assumptions pooled_martingale.
Print Assumptions pooled_conservation.
Print Assumptions w2_balance.
Print Assumptions cross_entropy_balance.
