(* The variance of a fit to draws of any kind: one refit, t refits, pools, and what is conserved.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   Ex is a linear functional on random variables W -> R. Only its linearity and the first and second
   moments of the draws are used: no positivity, no independence, no normal law. For a law with
   integrals (the normal one) read Ex as the integral, extended linearly to all functions.
   A loop assumes draws of mean m and variance v at the states with v >= 0 only, and divisors c > 0:
   a sample variance is then >= 0 at every outcome, so that a loop meets no other state. *)

From mathcomp Require Import all_ssreflect all_algebra ring.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Functional.
Variables (R : realFieldType) (W : Type).
Implicit Types (Ex : (W -> R) -> R) (X : nat -> W -> R).

Record expectation Ex : Prop := Expectation {
  Ex_ext : forall f g, f =1 g -> Ex f = Ex g;
  Ex_linear : forall a f g, Ex (fun w => a * f w + g w) = a * Ex f + Ex g;
  Ex_one : Ex (fun _ => 1) = 1 }.

Definition sample_mean X n (w : W) : R := (\sum_(i < n) X i w) / n%:R.

(* Maximum likelihood for c = n, unbiased for c = n - 1. *)
Definition sample_variance (c : R) X n (w : W) : R :=
  (\sum_(i < n) (X i w - sample_mean X n w) ^+ 2) / c.

Section Rules.
Variable Ex : (W -> R) -> R.
Hypothesis E : expectation Ex.

Lemma Ex_zero : Ex (fun _ => 0) = 0.
Proof.
rewrite (@Ex_ext _ E _ (fun w => -1 * (fun=> 1) w + (fun=> 1) w)) => [|w]; last first.
  by rewrite /= mulr1 addNr.
by rewrite (Ex_linear E) (Ex_one E) mulr1 addNr.
Qed.

Lemma Ex_scale a f : Ex (fun w => a * f w) = a * Ex f.
Proof.
rewrite -[RHS]addr0 -[X in _ + X]Ex_zero -(Ex_linear E).
by apply: (Ex_ext E) => w; rewrite addr0.
Qed.

Lemma Ex_const a : Ex (fun _ => a) = a.
Proof.
rewrite -[RHS]mulr1 -[X in _ * X](Ex_one E) -Ex_scale.
by apply: (Ex_ext E) => w; rewrite mulr1.
Qed.

Lemma Ex_add f g : Ex (fun w => f w + g w) = Ex f + Ex g.
Proof.
by rewrite -[Ex f]mul1r -(Ex_linear E); apply: (Ex_ext E) => w; rewrite mul1r.
Qed.

Lemma Ex_sum (I : finType) (P : pred I) (f : I -> W -> R) :
  Ex (fun w => \sum_(i | P i) f i w) = \sum_(i | P i) Ex (f i).
Proof.
suff H r : Ex (fun w => \sum_(i <- r | P i) f i w) = \sum_(i <- r | P i) Ex (f i) by exact: H.
elim: r => [|i r IH].
  by rewrite big_nil -[RHS]Ex_zero; apply: (Ex_ext E) => w; rewrite big_nil.
rewrite big_cons -IH; case Pi: (P i).
  by rewrite -Ex_add; apply: (Ex_ext E) => w; rewrite big_cons Pi.
by apply: (Ex_ext E) => w; rewrite big_cons Pi.
Qed.

End Rules.

(* Draws with mean m and variance v, pairwise uncorrelated. *)
Record uncorrelated Ex (m v : R) X : Prop := Uncorrelated {
  draw_mean : forall i, Ex (X i) = m;
  draw_square : forall i, Ex (fun w => X i w * X i w) = v + m ^+ 2;
  draw_product : forall i j, i != j -> Ex (fun w => X i w * X j w) = m ^+ 2 }.

Lemma natE n (z : R) : z *+ n = (n%:R : R) * z.
Proof. by rewrite mulr_natl. Qed.

Lemma sum_squares X n w : (0 < n)%N ->
  \sum_(i < n) (X i w - sample_mean X n w) ^+ 2
  = \sum_(i < n) X i w * X i w - n%:R * sample_mean X n w ^+ 2.
Proof.
move=> n0; have nR : n%:R != 0 :> R by rewrite pnatr_eq0 -lt0n.
set s := sample_mean X n w.
have sE : \sum_(i < n) X i w = n%:R * s by rewrite /s /sample_mean mulrC divfK.
rewrite (eq_bigr (fun i : 'I_n => X i w * X i w + (- (2%:R * s) * X i w + s ^+ 2))) => [|i _].
  rewrite !big_split -big_distrr /= sE sumr_const card_ord (natE n (s ^+ 2)).
  by congr (_ + _); move: (n%:R : R) s {sE} => a b; ring.
by ring.
Qed.

Lemma square_algebra (a m v : R) : a != 0 -> a ^- 2 * (a * (a * m ^+ 2 + v)) = m ^+ 2 + v / a.
Proof. by move=> a0; field. Qed.

Lemma refit_algebra (a c m v : R) : a != 0 -> c != 0 ->
  c^-1 * (a * (v + m ^+ 2)) + - (a / c) * (m ^+ 2 + v / a) = v * ((a - 1) / c).
Proof. by move=> a0 c0; field; rewrite a0 c0. Qed.

Section Refit.
Variables (Ex : (W -> R) -> R) (m v : R) (X : nat -> W -> R) (n : nat).
Hypotheses (E : expectation Ex) (U : uncorrelated Ex m v X) (n0 : (0 < n)%N).
Let nR : n%:R != 0 :> R. Proof. by rewrite pnatr_eq0 -lt0n. Qed.

Lemma mean_of_mean : Ex (sample_mean X n) = m.
Proof.
rewrite (@Ex_ext _ E _ (fun w => n%:R^-1 * \sum_(i < n) X i w)) => [|w]; last by rewrite mulrC.
rewrite Ex_scale // Ex_sum // (eq_bigr (fun=> m)) => [|i _]; last exact: (draw_mean U).
by rewrite sumr_const card_ord (natE n m) mulKf.
Qed.

(* The mean of n draws: E (mean)^2 = m^2 + v/n.
   Ledger: gaussian_replace_mean_error. *)
Theorem square_of_mean : Ex (fun w => sample_mean X n w ^+ 2) = m ^+ 2 + v / n%:R.
Proof.
rewrite (@Ex_ext _ E _ (fun w => n%:R ^- 2 * \sum_(i < n) \sum_(j < n) X i w * X j w)) => [|w].
  rewrite Ex_scale // Ex_sum //.
  rewrite (eq_bigr (fun=> n%:R * m ^+ 2 + v)) => [|i _].
    by rewrite sumr_const card_ord (natE n (n%:R * m ^+ 2 + v)); apply: square_algebra.
  rewrite Ex_sum // (bigD1 i) //= (draw_square U) (eq_bigr (fun=> m ^+ 2)) => [|j ji].
    have S : n%:R * m ^+ 2 = m ^+ 2 + \sum_(j < n | j != i) m ^+ 2.
      by rewrite -natE -[X in _ *+ X](card_ord n) -sumr_const (bigD1 i).
    by rewrite S -addrA addrC.
  by rewrite (draw_product U) // eq_sym.
rewrite /sample_mean expr_div_n mulrC; congr (_ * _).
by rewrite expr2 big_distrl; apply: eq_bigr => i _ /=; rewrite big_distrr.
Qed.

(* One refit: for any n pairwise uncorrelated draws with variance v and any divisor c,
   E sum_i (X_i - mean)^2 / c = v (n - 1)/c; maximum likelihood (c = n) keeps 1 - 1/n.
   Ledger: gaussian_replace_variance. *)
Theorem refit_variance c : c != 0 -> Ex (sample_variance c X n) = v * ((n%:R - 1) / c).
Proof.
move=> c0.
rewrite (@Ex_ext _ E _ (fun w => c^-1 * (\sum_(i < n) X i w * X i w)
                                + (- (n%:R / c)) * sample_mean X n w ^+ 2)) => [|w].
  rewrite (Ex_linear E) Ex_scale // Ex_sum // square_of_mean.
  rewrite (eq_bigr (fun=> v + m ^+ 2)) => [|i _]; last exact: (draw_square U).
  by rewrite sumr_const card_ord (natE n (v + m ^+ 2)); apply: refit_algebra.
rewrite /sample_variance sum_squares //; move: (\sum_(i < n) _) (sample_mean X n w) => a b.
by field.
Qed.

(* The error of the mean about any number: E (mean - r)^2 = (m - r)^2 + v/n.
   Ledger: gaussian_replace_mean_error. *)
Theorem refit_mean_error r : Ex (fun w => (sample_mean X n w - r) ^+ 2) = (m - r) ^+ 2 + v / n%:R.
Proof.
rewrite (@Ex_ext _ E _ (fun w => 1 * sample_mean X n w ^+ 2
    + ((- 2%:R * r) * sample_mean X n w + r ^+ 2))) => [|w]; last by ring.
rewrite (Ex_linear E) (Ex_linear E) square_of_mean mean_of_mean Ex_const //.
by move: (v / n%:R) => a; ring.
Qed.

End Refit.

(* t refits. At every state (m, v) with v >= 0 there is a functional under which the draws are pairwise
   uncorrelated with that mean and variance; the loop nests them, which is the tower property. *)
Section Loop.
Variables (Ex : R * R -> (W -> R) -> R) (X : nat -> W -> R).
Hypothesis E : forall m v, 0 <= v -> expectation (Ex (m, v)).
Hypothesis U : forall m v, 0 <= v -> uncorrelated (Ex (m, v)) m v X.

(* A schedule of sizes and divisors (n_s, c_s). *)
Fixpoint refits (schedule : seq (nat * R)) (state : R * R) (f : R * R -> R) : R :=
  if schedule is (n, c) :: later
  then Ex state (fun w => refits later (sample_mean X n w, sample_variance c X n w) f)
  else f state.

Definition fits (nc : nat * R) : bool := (0 < nc.1)%N && (0 < nc.2).
Definition kept (schedule : seq (nat * R)) : R := \prod_(nc <- schedule) ((nc.1%:R - 1) / nc.2).

Lemma sample_variance_ge0 c n w : 0 < c -> 0 <= sample_variance c X n w.
Proof. by move=> c0; rewrite divr_ge0 ?(ltW c0) // sumr_ge0 // => i _; rewrite sqr_ge0. Qed.

Lemma refits_variance schedule m v : all fits schedule -> 0 <= v ->
  refits schedule (m, v) snd = v * kept schedule.
Proof.
rewrite /kept; elim: schedule m v => [|[n c] later IH] m v /=; first by rewrite big_nil mulr1.
case/andP=> /andP[/= n0 c0] gl v0.
rewrite (@Ex_ext _ (E _ v0) _ (fun w => kept later * sample_variance c X n w)) => [|w].
  by rewrite (Ex_scale (E _ v0)) (refit_variance (E _ v0) (U _ v0)) ?gt_eqF // big_cons /= mulrC /kept -!mulrA.
by rewrite IH ?sample_variance_ge0 // mulrC.
Qed.

(* t refits, any sizes and divisors c_s > 0, from v_0 >= 0: E v_t = v_0 prod_s (n_s - 1)/c_s.
   Ledger: gaussian_replace_variance. *)
Theorem variance_after_t_refits schedule m v : all fits schedule -> 0 <= v ->
  refits schedule (m, v) snd = v * \prod_(nc <- schedule) ((nc.1%:R - 1) / nc.2).
Proof. exact: refits_variance. Qed.

(* The mean's error after t refits: E (m_t - r)^2 = (m_0 - r)^2 + sum_s E v_{s-1} / n_s.
   Ledger: gaussian_replace_mean_error. *)
Theorem mean_error_after_t_refits schedule m v r : all fits schedule -> 0 <= v ->
  refits schedule (m, v) (fun state => (state.1 - r) ^+ 2)
  = (m - r) ^+ 2
    + \sum_(s < size schedule)
        (refits (take s schedule) (m, v) snd / (nth (0%N, 0) schedule s).1%:R).
Proof.
elim: schedule m v => [|[n c] later IH] m v /=; first by rewrite big_ord0 addr0.
case/andP=> /andP[/= n0 c0] gl v0.
have Ev := E m v0; have Uv := U m v0; have cn : c != 0 by rewrite gt_eqF.
rewrite (@Ex_ext _ Ev _ (fun w => (sample_mean X n w - r) ^+ 2
  + \sum_(s < size later) (kept (take s later) / (nth (0%N, 0) later s).1%:R) * sample_variance c X n w)).
  rewrite (Ex_add Ev) (refit_mean_error Ev Uv) // (Ex_sum Ev) big_ord_recl /= addrA.
  congr (_ + _); apply: eq_bigr => s _ /=.
  rewrite (Ex_scale Ev) (refit_variance Ev Uv) //.
  have gt : all fits (take s later) by move: gl; rewrite -{1}(cat_take_drop s later) all_cat => /andP[].
  rewrite (@Ex_ext _ Ev _ (fun w => kept (take s later) * sample_variance c X n w)) => [|w].
    by rewrite (Ex_scale Ev) (refit_variance Ev Uv) // mulrAC.
  by rewrite refits_variance ?sample_variance_ge0 // mulrC.
move=> w; rewrite IH ?sample_variance_ge0 //; congr (_ + _); apply: eq_bigr => s _.
have gt : all fits (take s later) by move: gl; rewrite -{1}(cat_take_drop s later) all_cat => /andP[].
by rewrite refits_variance ?sample_variance_ge0 // [_ * kept _]mulrC mulrAC.
Qed.

End Loop.

End Functional.

Print Assumptions square_of_mean.
Print Assumptions refit_variance.
Print Assumptions refit_mean_error.
Print Assumptions variance_after_t_refits.
Print Assumptions mean_error_after_t_refits.
