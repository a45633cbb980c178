(* Real data come in: mixed laws, fresh rows, the same real rows for ever, and smoothing.
   Coq 8.16.1, mathcomp 1.15, algebra-tactics 1.0.0.

   p is the truth, q_t the law fitted at generation t, q_0 = p, and H(q) = 1 - sum_k q_k^2. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From ModelCollapse Require Import expectation moments.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Geometric.
Variable R : realFieldType.

(* The closed form and the fixed point of x' = gain + kept x, for any start x_0 and kept <> 1:
   x_t = x* + kept^t (x_0 - x* ) with x* = gain / (1 - kept), and x* is the only fixed point.
   Ledger: categorical_fresh_heterozygosity, categorical_mixture_heterozygosity. *)
Theorem affine_recursion (gain kept x0 : R) t : kept != 1 ->
  let fixed := gain / (1 - kept) in
  iter t (fun x => gain + kept * x) x0 = fixed + kept ^+ t * (x0 - fixed) /\
  (forall x, (gain + kept * x == x) = (x == fixed)).
Proof.
move=> k1 fixed; have d : 1 - kept != 0 by rewrite subr_eq0 eq_sym.
have ff : gain + kept * fixed = fixed by rewrite /fixed; field.
split=> [|x].
  elim: t => [|t IH]; first by rewrite /= expr0 mul1r addrC subrK.
  by rewrite iterS IH -[in RHS]ff exprS; move: (kept ^+ t) => z; rewrite /fixed; field.
rewrite -subr_eq0 -[RHS]subr_eq0.
have -> : gain + kept * x - x = (kept - 1) * (x - fixed) by rewrite /fixed; field.
by rewrite mulf_eq0 [kept - 1 == 0]subr_eq0 (negPf k1).
Qed.

End Geometric.

Section Fresh.
Variables (R : realFieldType) (K : finType).
Implicit Types (p q r : {ffun K -> R}) (ns : seq nat).

Definition mix (a : R) p q : {ffun K -> R} := [ffun k => a * p k + (1 - a) * q k].

Lemma mix_law a p q : 0 <= a -> a <= 1 -> law p -> law q -> law (mix a p q).
Proof.
move=> a0 a1 [p0 p1] [q0 q1]; split=> [k|].
  by rewrite ffunE addr_ge0 // mulr_ge0 ?subr_ge0.
rewrite (eq_bigr (fun k => a * p k + (1 - a) * q k)) => [|k _]; last by rewrite ffunE.
by rewrite big_split -!big_distrr /= p1 q1 !mulr1 addrC subrK.
Qed.

(* Overlap with a fixed law and with itself. *)
Definition overlap p q : R := \sum_k p k * q k.

Lemma heterozygosityE p : heterozygosity p = 1 - overlap p p.
Proof. by rewrite /heterozygosity /overlap; congr (1 - _); apply: eq_bigr => k _; rewrite expr2. Qed.

Lemma overlap_mean p q : overlap p q = mean q (fun k => p k).
Proof. by apply: eq_bigr => k _; rewrite mulrC. Qed.

Lemma overlap_mix a p q r : overlap r (mix a p q) = a * overlap r p + (1 - a) * overlap r q.
Proof.
rewrite /overlap !big_distrr -big_split /=; apply: eq_bigr => k _; rewrite ffunE.
by ring.
Qed.

Lemma overlapC p q : overlap p q = overlap q p.
Proof. by apply: eq_bigr => k _; rewrite mulrC. Qed.

Lemma heterozygosity_mix a p q : heterozygosity (mix a p q) =
  1 - (a ^+ 2 * overlap p p + 2%:R * (a * (1 - a)) * overlap p q + (1 - a) ^+ 2 * overlap q q).
Proof.
rewrite heterozygosityE overlap_mix ![overlap (mix _ _ _) _]overlapC !overlap_mix [overlap q p]overlapC.
by congr (1 - _); ring.
Qed.

Section Inbreeding.
Variables (S : Type) (good : S -> bool) (inv : {ffun K -> R} -> Prop).
Variable (step : S -> {ffun K -> R} -> ({ffun K -> R} -> R) -> R).
Hypothesis avg : averages good inv step.
Variables (p : {ffun K -> R}) (b c e g : S -> R).
Hypothesis inv_p : inv p.
Hypothesis step_overlap : forall n y, good n -> inv y ->
  step n y (overlap p) = (1 - b n) * overlap p p + b n * overlap p y.
Hypothesis step_heterozygosity : forall n y, good n -> inv y ->
  step n y (@heterozygosity R K)
  = c n * heterozygosity y
    + ((1 - c n - g n) * heterozygosity p + e n * (overlap p y - overlap p p)).

Lemma overlap_kept (ns : seq S) : all good ns -> nest step ns p (overlap p) = overlap p p.
Proof.
move=> gns; pose f y := overlap p y - overlap p p.
have H : nest step ns p f = 0.
  suff P n y : good n -> inv y -> step n y f = b n * f y.
    by rewrite (nest_product avg gns inv_p P) /f subrr mulr0.
  move=> gn iy.
  rewrite (@step_ext _ _ _ _ _ _ avg _ _ _ (fun z => 1 * overlap p z + (- overlap p p) * 1)) //.
    rewrite (step_linear avg) // step_overlap //.
    have -> : step n y (fun=> - overlap p p * 1) = - overlap p p.
      rewrite (@step_ext _ _ _ _ _ _ avg _ _ _ (fun z => (- overlap p p - 1) * (fun=> 1) z + (fun=> 1) z)) //.
        by rewrite (step_linear avg) // (step_one avg) //; ring.
      by move=> z _; ring.
    by rewrite /f; ring.
  by move=> z _; rewrite /f; ring.
rewrite (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun y => 1 * f y + overlap p p)) //.
  by rewrite (nest_affine avg) // H mulr0 add0r.
by move=> y _; rewrite mul1r /f subrK.
Qed.

Lemma inbreeding (ns : seq S) : all good ns ->
  nest step ns p (@heterozygosity R K)
  = heterozygosity p * (1 - foldl (fun F n => g n + c n * F) 0 ns).
Proof.
elim/last_ind: ns => [|ns n IH] gs; first by rewrite /= subr0 mulr1.
move: (gs); rewrite all_rcons => /andP[gn gns].
rewrite (nest_rcons avg) //.
pose k y := overlap p y : R.
rewrite (@nest_ext _ _ _ _ _ _ avg _ _ _ (fun y => c n * heterozygosity y + (e n * k y +
  ((1 - c n - g n) * heterozygosity p - e n * overlap p p)))) //.
  rewrite (nest_linear avg) // (nest_affine avg) // overlap_kept // IH //.
  rewrite -cats1 foldl_cat /=; move: (foldl _ _ _) (overlap p p) (heterozygosity p) => F o h.
  by ring.
by move=> y iy; rewrite step_heterozygosity // /k; ring.
Qed.

End Inbreeding.

(* Each draw is real with probability a, else from the latest model. *)
Definition mixture_step (a : R) p n q (f : {ffun K -> R} -> R) : R := replace_step n (mix a p q) f.

(* F_t = 1/n_t + (1 - 1/n_t)(1 - a)^2 F_{t-1}, F_0 = 0, over the schedule. *)
Definition mixture_inbreeding (a : R) ns : R :=
  foldl (fun F n => n%:R^-1 + (1 - n%:R^-1) * (1 - a) ^+ 2 * F) 0 ns.

(* Distribution mixing, any sizes: E H(q_t) = H(p) (1 - F_t), where
   F_t = 1/n_t + (1 - 1/n_t)(1 - a)^2 F_{t-1} and F_0 = 0.
   Ledger: categorical_mixture_heterozygosity. *)
Theorem mixture_heterozygosity a p ns : 0 <= a -> a <= 1 -> law p -> all positive ns ->
  nest (mixture_step a p) ns p (@heterozygosity R K)
  = heterozygosity p * (1 - mixture_inbreeding a ns).
Proof.
move=> a0 a1 lp gns.
have avg : averages positive (@law R K) (mixture_step a p).
  split=> [n x f g n0 lx | n x b f g n0 lx | n x n0 lx].
  - exact: (step_ext (replace_averages R K)) n0 (mix_law a0 a1 lp lx).
  - exact: (step_linear (replace_averages R K)) n0 (mix_law a0 a1 lp lx).
  - exact: (step_one (replace_averages R K)) n0 (mix_law a0 a1 lp lx).
apply: (inbreeding avg (b := fun=> 1 - a) (e := fun n => - 2%:R * (1 - n%:R^-1) * (a * (1 - a)))
  (c := fun n => (1 - n%:R^-1) * (1 - a) ^+ 2) (g := fun n => n%:R^-1)) => // n y n0 ly.
  have lm := mix_law a0 a1 lp ly.
  rewrite /mixture_step (step_ext (replace_averages R K) (g := fun q => mean q (fun k => p k))) //.
    by rewrite step_mean // -overlap_mean overlap_mix; ring.
  by move=> z _; rewrite overlap_mean.
have lm := mix_law a0 a1 lp ly.
rewrite /mixture_step (heterozygosity_step n0 lm : replace_step _ _ _ = _) heterozygosity_mix.
rewrite !heterozygosityE; move: (overlap _ _) (overlap _ _) (overlap _ _) (n%:R^-1 : R) => o1 o2 o3 u.
by ring.
Qed.

(* m rows from the truth and n from the latest model, pooled. *)
Definition fresh_rows p q m n (i : 'I_(m + n)) : {ffun K -> R} := if (i < m)%N then p else q.
Definition fresh_step p (mn : nat * nat) q (f : {ffun K -> R} -> R) : R :=
  draws (@fresh_rows p q mn.1 mn.2) (fun s => f (phat R s)).

(* F_t = 1/N_t + b_t^2 (1 - 1/n_t) F_{t-1}, F_0 = 0, N = m + n, b = n/N, over the schedule. *)
Definition fresh_inbreeding (mns : seq (nat * nat)) : R :=
  foldl (fun F mn => (mn.1 + mn.2)%:R^-1
                     + (mn.2%:R / (mn.1 + mn.2)%:R) ^+ 2 * (1 - mn.2%:R^-1) * F) 0 mns.

Definition some_rows (mn : nat * nat) : bool := (0 < mn.1 + mn.2)%N.

Lemma sum_rows p q m n (T : {ffun K -> R} -> R) :
  \sum_(i < m + n) T (@fresh_rows p q m n i) = m%:R * T p + n%:R * T q.
Proof.
have e (c : nat) (z : R) : z *+ c = (c%:R : R) * z by rewrite mulr_natl.
rewrite big_split_ord /=; congr (_ + _).
  rewrite -e -[in RHS](card_ord m) -sumr_const; apply: eq_bigr => i _.
  by rewrite /fresh_rows /= ltn_ord.
rewrite -e -[in RHS](card_ord n) -sumr_const; apply: eq_bigr => i _.
by rewrite /fresh_rows /= ltnNge leq_addr.
Qed.

Lemma rows_overlap n (r : 'I_n -> {ffun K -> R}) : (0 < n)%N -> (forall i, law (r i)) ->
  draws r (fun s => overlap (phat R s) (phat R s))
  = (\sum_k ((\sum_(i < n) r i k) * (\sum_(i < n) r i k)
             + \sum_(i < n) (r i k - r i k ^+ 2))) / n%:R ^+ 2.
Proof.
move=> n0 lr; pose one (k l : K) : R := (l == k)%:R.
rewrite (@draws_eq _ _ _ _ _ (fun s => \sum_k mean (phat R s) (one k) * mean (phat R s) (one k))).
  rewrite draws_sum big_distrl; apply: eq_bigr => k _ /=.
  rewrite (sample_product n0 lr); congr ((_ * _ + _) / _); apply: eq_bigr => i _.
  - exact: mean_indicator.
  - exact: mean_indicator.
  exact: covariance_indicator.
by move=> s; apply: eq_bigr => k _; rewrite mean_indicator.
Qed.

(* m_t real and n_t synthetic rows, pooled, any sizes: E H(q_t) = H(p) (1 - F_t), where
   F_t = 1/N_t + b_t^2 (1 - 1/n_t) F_{t-1}, F_0 = 0, N = m + n, b = n/N.
   Ledger: categorical_fresh_heterozygosity. *)
Theorem fresh_heterozygosity p (mns : seq (nat * nat)) : law p -> all some_rows mns ->
  nest (fresh_step p) mns p (@heterozygosity R K)
  = heterozygosity p * (1 - fresh_inbreeding mns).
Proof.
move=> lp gs.
have lr q m n (i : 'I_(m + n)) : law q -> law (@fresh_rows p q m n i).
  by rewrite /fresh_rows; case: ifP.
have avg : averages some_rows (@law R K) (fresh_step p).
  split=> [[m n] x f g N0 lx fg | [m n] x b f g N0 lx | [m n] x N0 lx].
  - by apply: draws_eq => s; apply/fg/phat_law.
  - exact: draws_linear.
  - by apply: total_mass => i; apply: lr.
apply: (inbreeding avg (b := fun mn => mn.2%:R / (mn.1 + mn.2)%:R)
  (e := fun mn => - 2%:R * mn.1%:R * mn.2%:R / (mn.1 + mn.2)%:R ^+ 2)
  (c := fun mn => (mn.2%:R / (mn.1 + mn.2)%:R) ^+ 2 * (1 - mn.2%:R^-1))
  (g := fun mn => (mn.1 + mn.2)%:R^-1)) => // -[m n] y N0 ly /=.
  have N0R : (m%:R + n%:R : R) != 0 by rewrite -natrD nR_neq0.
  rewrite /fresh_step /= (@draws_eq _ _ _ _ _ (fun s => mean (phat R s) (fun k => p k))); last first.
    by move=> s; rewrite overlap_mean.
  rewrite (sample_mean (fun i => lr y m n i ly)) (sum_rows p y m n (fun r => mean r (fun k => p k))).
  rewrite -!overlap_mean natrD; move: (overlap p p) (overlap p y) => o1 o2.
  by field.
have N0R : (m%:R + n%:R : R) != 0 by rewrite -natrD nR_neq0.
have -> : (n%:R / (m + n)%:R) ^+ 2 * (1 - n%:R^-1) = (n%:R ^+ 2 - n%:R) / (m + n)%:R ^+ 2 :> R.
  case: (posnP n) => [->|n0]; first by rewrite !mul0r expr0n /= !mul0r subrr mul0r.
  by have := nR_neq0 R n0; rewrite natrD; move: N0R => /[swap] n0R N0R; field; apply/andP; split.
rewrite heterozygosityE [RHS]/= !heterozygosityE /fresh_step /=.
rewrite (@draws_eq _ _ _ _ _ (fun s => -1 * overlap (phat R s) (phat R s) + 1)); last first.
  by move=> s; rewrite heterozygosityE mulN1r addrC.
rewrite (draws_affine (fun i => lr y m n i ly)) rows_overlap // => [|i]; last exact: lr.
rewrite (eq_bigr (fun k => (m%:R ^+ 2 - m%:R) * (p k * p k) + (n%:R ^+ 2 - n%:R) * (y k * y k)
  + 2%:R * m%:R * n%:R * (p k * y k) + (m%:R * p k + n%:R * y k))) => [|k _]; last first.
  rewrite (sum_rows p y m n (fun r => r k)) (sum_rows p y m n (fun r => r k - r k ^+ 2)).
  by move: (p k) (y k) => a b; ring.
rewrite !big_split -!big_distrr /= (proj2 lp) (proj2 ly) natrD -/(overlap p p) -/(overlap y y) -/(overlap p y).
move: (overlap p p) (overlap p y) (overlap y y) => o1 o2 o3.
by field.
Qed.

(* The same n_r real rows with empirical law r for ever, pooled with n draws of the latest model. *)
Definition fixed_real_step n_r r n q (f : {ffun K -> R} -> R) : R :=
  iid q (fun s : {ffun 'I_n -> K} => f (mix (n_r%:R / (n_r + n)%:R) r (phat R s))).

(* G_t = b_t^2 (1/n_t + (1 - 1/n_t) G_{t-1}), G_1 = 0, b = n/(n_r + n), over generations 2, 3, ... *)
Definition fixed_real_inbreeding n_r ns : R :=
  foldl (fun G n => (n%:R / (n_r + n)%:R) ^+ 2 * n%:R^-1
                    + (n%:R / (n_r + n)%:R) ^+ 2 * (1 - n%:R^-1) * G) 0 ns.

Lemma real_share n_r n : (0 < n_r)%N ->
  [/\ 0 <= n_r%:R / (n_r + n)%:R :> R, n_r%:R / (n_r + n)%:R <= 1 :> R
    & 1 - n_r%:R / (n_r + n)%:R = n%:R / (n_r + n)%:R :> R].
Proof.
move=> r0; have N0 : (0 < n_r + n)%N by rewrite addn_gt0 r0.
have d : n_r%:R / (n_r + n)%:R + n%:R / (n_r + n)%:R = 1 :> R.
  by rewrite -mulrDl -natrD mulfV ?nR_neq0.
have pos (m : nat) : 0 <= m%:R / (n_r + n)%:R :> R by rewrite divr_ge0 ?ler0n.
split; first exact: pos.
  by rewrite -[X in _ <= X]d ler_addl.
by apply/eqP; rewrite subr_eq addrC d.
Qed.

Lemma fixed_real_law n_r n r (s : {ffun 'I_n -> K}) : (0 < n_r)%N -> law r ->
  law (mix (n_r%:R / (n_r + n)%:R) r (phat R s)).
Proof.
move=> r0 lr; case: (posnP n) => [n0|n0]; last first.
  by have [a0 a1 _] := real_share n r0; apply: mix_law => //; apply: phat_law.
have -> : mix (n_r%:R / (n_r + n)%:R) r (phat R s) = r => //.
move: s; rewrite n0 => s; apply/ffunP => k; rewrite ffunE addn0 mulfV ?nR_neq0 //.
by rewrite subrr mul0r addr0 mul1r.
Qed.

Lemma fixed_real_averages n_r r : (0 < n_r)%N -> law r ->
  averages xpredT (@law R K) (fixed_real_step n_r r).
Proof.
move=> r0 lr; split=> [n x f g _ lx fg | n x b f g _ lx | n x _ lx].
- by apply: draws_eq => s; apply/fg/fixed_real_law.
- exact: draws_linear.
- exact: total_mass.
Qed.

Lemma fixed_real_given n_r r ns : (0 < n_r)%N -> law r ->
  nest (fixed_real_step n_r r) ns r (@heterozygosity R K)
  = heterozygosity r * (1 - fixed_real_inbreeding n_r ns).
Proof.
move=> r0 lr.
apply: (inbreeding (fixed_real_averages r0 lr) (b := fun n => n%:R / (n_r + n)%:R)
  (e := fun n => - 2%:R * (1 - n%:R / (n_r + n)%:R) * (n%:R / (n_r + n)%:R))
  (c := fun n => (n%:R / (n_r + n)%:R) ^+ 2 * (1 - n%:R^-1))
  (g := fun n => (n%:R / (n_r + n)%:R) ^+ 2 * n%:R^-1)) => //; last by apply/allP.
  move=> n y _ ly; have [_ _ ab] := real_share n r0.
  rewrite /fixed_real_step /iid.
  rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} =>
    n%:R / (n_r + n)%:R * mean (phat R s) (fun k => r k) + n_r%:R / (n_r + n)%:R * overlap r r)).
    rewrite draws_affine // -ab; case: (posnP n) => [n0|n0].
      by rewrite n0 addn0 mulfV ?nR_neq0 // subrr !mul0r add0r subr0 addr0.
    have := step_mean n0 ly (fun k => r k); rewrite /replace_step /iid => ->.
    by rewrite -overlap_mean; ring.
  by move=> s; rewrite overlap_mix ab addrC -overlap_mean.
move=> n y _ ly; have [_ _ ab] := real_share n r0.
rewrite /fixed_real_step /iid.
set b : R := n%:R / (n_r + n)%:R; set a : R := n_r%:R / (n_r + n)%:R.
have aE : a = 1 - b by rewrite /b -ab /a opprB addrCA subrr addr0.
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n -> K} =>
  b ^+ 2 * heterozygosity (phat R s) + ((- 2%:R * a * b) * mean (phat R s) (fun k => r k)
    + (1 - a ^+ 2 * overlap r r - b ^+ 2)))); last first.
  by move=> s; rewrite heterozygosity_mix -overlap_mean heterozygosityE aE; ring.
rewrite draws_linear draws_affine //.
case: (posnP n) => [n0|n0].
  have b0 : b = 0 by rewrite /b n0 mul0r.
  rewrite aE b0 [heterozygosity r]heterozygosityE; move: (overlap r r) (overlap r y) => o1 o2.
  by move: (heterozygosity y) (draws _ _) (draws _ _) (n%:R^-1 : R) => h d1 d2 v; ring.
have := step_mean n0 ly (fun k => r k); rewrite /replace_step /iid => ->.
have := heterozygosity_step n0 ly; rewrite /iid => ->.
rewrite -overlap_mean aE !heterozygosityE; clearbody b.
move: (overlap _ _) (overlap _ _) (overlap _ _) (n%:R^-1 : R) => o1 o2 o3 u.
by ring.
Qed.

(* The same n_r real rows for ever: generation 1 is fitted to them, every later one to them and n_t
   draws of the latest model. E H(q_t) = H(p) (1 - 1/n_r) (1 - G_t),
   G_t = b_t^2 (1/n_t + (1 - 1/n_t) G_{t-1}), G_1 = 0, b = n/(n_r + n).
   Ledger: categorical_fixed_real_heterozygosity. *)
Theorem fixed_real_heterozygosity p n_r ns : law p -> (0 < n_r)%N ->
  iid p (fun s : {ffun 'I_n_r -> K} =>
    nest (fixed_real_step n_r (phat R s)) ns (phat R s) (@heterozygosity R K))
  = heterozygosity p * (1 - n_r%:R^-1) * (1 - fixed_real_inbreeding n_r ns).
Proof.
move=> lp r0; rewrite /iid.
rewrite (@draws_eq _ _ _ _ _ (fun s : {ffun 'I_n_r -> K} =>
  (1 - fixed_real_inbreeding n_r ns) * heterozygosity (phat R s))); last first.
  by move=> s; rewrite (fixed_real_given ns r0 (phat_law R s r0)) mulrC.
rewrite draws_scale (heterozygosity_step r0 lp : draws _ _ = _).
by rewrite mulrC; congr (_ * _); rewrite mulrC.
Qed.

End Fresh.
Print Assumptions affine_recursion.
Print Assumptions mixture_heterozygosity.
Print Assumptions fresh_heterozygosity.
Print Assumptions fixed_real_heterozygosity.
